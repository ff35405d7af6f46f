/** Time, waiting and the end of this process. */
import { libc, pointerTo } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

/** Microseconds of `CLOCK_MONOTONIC`: the same clock for all processes of one boot. */
export function monotonicUs(): number {
  // struct timespec: seconds and nanoseconds of 64 bits, of which both fit into 32 for 68 years.
  const timespec = new Int32Array(4);
  libc.clock_gettime(CLOCK_MONOTONIC, pointerTo(timespec));
  return (timespec[0] ?? 0) * 1_000_000 + Math.floor((timespec[2] ?? 0) / 1000);
}

/** Blocks the process for some time. */
export function pause(milliseconds: number): void {
  libc.poll(null, 0, wholeMs(milliseconds));
}

/** Waits up to `timeoutMs` for events on a descriptor; returns those that came, 0 if none did (poll(2)). */
export function poll(descriptor: number, events: number, timeoutMs: number): number {
  const pollfd = new Int32Array([descriptor, events & 0xffff]);
  libc.poll(pointerTo(pollfd), 1, wholeMs(timeoutMs));
  return (pollfd[1] ?? 0) >>> 16;
}

/** What poll(2) takes for a time. */
function wholeMs(milliseconds: number): number {
  return Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(milliseconds)));
}

/**
 * Ends the process at once: nothing is torn down, and nothing that is still buffered is written. What SQLite has
 * committed is safe, and its log stays for the next process instead of being folded in and removed with every call.
 */
export function exitAtOnce(code: number): void {
  // oxlint-disable-next-line no-underscore-dangle
  libc._exit(code);
}
