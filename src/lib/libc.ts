/**
 * What the runtime does not offer of the C library: its monotonic clocks start with the process, it cannot ask
 * whether the reader of a pipe is gone, and its exit takes its time. Loading costs a tenth of a millisecond.
 */
import { dlopen, ptr } from "bun:ffi";

const CLOCK_MONOTONIC = 1;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

const symbols = {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  _exit: { args: ["i32"], returns: "void" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
} as const;

/** The name by which the C library is loaded already: glibc's, or musl's, which has the machine in it. */
export function libcName(): string {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return isGlibc ? "libc.so.6" : `libc.musl-${machine}.so.1`;
}

let isGlibc = true;

function load() {
  try {
    return dlopen(libcName(), symbols).symbols;
  } catch {
    isGlibc = false;
    return dlopen(libcName(), symbols).symbols;
  }
}

const libc = load();

/** Microseconds of `CLOCK_MONOTONIC`: the same clock for all processes of one boot. */
export function monotonicUs(): number {
  const timespec = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_MONOTONIC, ptr(timespec));
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1_000_000 + Number(nanoseconds / 1000n);
}

/** Blocks the process for some time. */
export function pause(milliseconds: number): void {
  libc.poll(null, 0, wholeMs(milliseconds));
}

/** What poll(2) takes for a time. */
function wholeMs(milliseconds: number): number {
  return Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(milliseconds)));
}

/** Waits up to `timeoutMs` for events on a descriptor; returns those that came, 0 if none did (poll(2)). */
export function poll(descriptor: number, events: number, timeoutMs: number): number {
  const pollfd = new Int32Array([descriptor, events & 0xffff]);
  libc.poll(ptr(pollfd), 1, wholeMs(timeoutMs));
  return (pollfd[1] ?? 0) >>> 16;
}

/**
 * Ends the process at once: nothing is torn down, and nothing that is still buffered is written. What SQLite has
 * committed is safe, and its log stays for the next process instead of being folded in and removed with every call
 * (docs/decisions/0003).
 */
export function exitAtOnce(code: number): void {
  // oxlint-disable-next-line no-underscore-dangle
  libc._exit(code);
}
