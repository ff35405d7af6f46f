/**
 * The two calls of the C library that the runtime does not offer: its monotonic clocks start with the process,
 * and it cannot ask whether the reader of a pipe is gone. Loading costs half a millisecond.
 */
import { dlopen, ptr } from "bun:ffi";

const CLOCK_MONOTONIC = 1;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

const symbols = {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
} as const;

function load() {
  try {
    return dlopen("libc.so.6", symbols).symbols;
  } catch {
    // musl names its library by the machine.
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    return dlopen(`libc.musl-${machine}.so.1`, symbols).symbols;
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

/** Waits up to `timeoutMs` for events on a descriptor; returns those that came, 0 if none did (poll(2)). */
export function poll(descriptor: number, events: number, timeoutMs: number): number {
  const pollfd = new Int32Array([descriptor, events & 0xffff]);
  libc.poll(ptr(pollfd), 1, Math.max(0, Math.ceil(timeoutMs)));
  return (pollfd[1] ?? 0) >>> 16;
}
