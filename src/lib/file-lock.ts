/**
 * Waiting in line for a file or folder: flock(2), with a time limit. The kernel wakes those who wait one by one in
 * the order in which they came, and none of them uses the processor meanwhile.
 */
import { dlopen } from "bun:ffi";
import { closeFile, openToRead } from "./files.ts";
import { functionsOfLibc, pathPointerTo, pointerTo, systemCall } from "./system-call.ts";

const LOCK_EX = 2;
const SIGALRM = 14;
const ITIMER_REAL = 0;
const SIG_UNBLOCK = 1;
const AGAIN_US = 20_000n;

const dlsymDeclaration = { dlsym: { args: ["ptr", "ptr"], returns: "u64" } } as const;
const sigactionDeclaration = {
  sigaction: { args: ["i32", "ptr", "ptr"], returns: "i32" },
} as const;

/** Before glibc 2.34 it was in a library of its own. */
function loadDlsym() {
  try {
    return functionsOfLibc(dlsymDeclaration).dlsym;
  } catch {
    return dlopen("libdl.so.2", dlsymDeclaration).symbols.dlsym;
  }
}

/**
 * Waits for its turn at `path`, blocking the whole process, at most for `timeoutMs`. Returns what ends the turn
 * (the end of the process does as well), or undefined if it did not come, or the path cannot be locked.
 */
export function takeTurn(path: string, timeoutMs: number): (() => void) | undefined {
  // A timer of no time would never go off.
  if (timeoutMs <= 0) return undefined;
  let descriptor: number;
  try {
    letTimerInterrupt();
    descriptor = openToRead(path);
  } catch {
    return undefined;
  }
  setTimer(timeoutMs);
  const isLocked = systemCall("flock", descriptor, LOCK_EX) === 0;
  setTimer(0);
  if (isLocked) return () => closeFile(descriptor);
  closeFile(descriptor);
  return undefined;
}

/** The timer's signal interrupts flock(2): its handler is a function that does nothing, and it restarts nothing. */
function letTimerInterrupt(): void {
  const { sigaction } = functionsOfLibc(sigactionDeclaration);
  const action = new BigUint64Array(19);
  action[0] = loadDlsym()(null, pathPointerTo("getppid"));
  sigaction(SIGALRM, pointerTo(action), null);
  // Whoever started this process may have blocked the signal.
  const signals = new BigUint64Array([1n << BigInt(SIGALRM - 1)]);
  systemCall("rt_sigprocmask", SIG_UNBLOCK, pointerTo(signals), 0, signals.byteLength);
}

/** Sets the timer of the process; 0 stops it. It goes off again, in case the first time came before the wait began. */
function setTimer(milliseconds: number): void {
  const whole = Math.ceil(milliseconds);
  // struct itimerval: interval, then value, each in seconds and microseconds.
  const value = new BigInt64Array(4);
  value[1] = whole > 0 ? AGAIN_US : 0n;
  value[2] = BigInt(Math.floor(whole / 1000));
  value[3] = BigInt((whole % 1000) * 1000);
  systemCall("setitimer", ITIMER_REAL, pointerTo(value));
}
