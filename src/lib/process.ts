/** Time, waiting and the end of this process. */
import { fixedBuffer, systemCall } from "./system-call.ts";

const CLOCK_MONOTONIC = 1;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

const timespecBuffer = fixedBuffer(16);
/** struct timespec: seconds and nanoseconds of 64 bits, of which the lower halves suffice. */
const timespec = new Int32Array(timespecBuffer.bytes.buffer);
const pollfdBuffer = fixedBuffer(8);
/** struct pollfd: a descriptor, and 16 bits each of events that are waited for and that came. */
const pollfd = new Int32Array(pollfdBuffer.bytes.buffer);

/** Microseconds of `CLOCK_MONOTONIC`: the same clock for all processes of one boot. */
export function monotonicUs(): number {
  systemCall("clock_gettime", CLOCK_MONOTONIC, timespecBuffer.pointer);
  return (timespec[0] ?? 0) * 1_000_000 + Math.floor((timespec[2] ?? 0) / 1000);
}

/** Blocks the process for some time. */
export function pause(milliseconds: number): void {
  wait(0, milliseconds);
}

/** Waits up to `timeoutMs` for events on a descriptor; returns those that came, 0 if none did (poll(2)). */
export function poll(descriptor: number, events: number, timeoutMs: number): number {
  pollfd[0] = descriptor;
  pollfd[1] = events & 0xffff;
  wait(1, timeoutMs);
  return (pollfd[1] ?? 0) >>> 16;
}

/** ppoll(2), because not every machine has poll(2). */
function wait(descriptors: 0 | 1, timeoutMs: number): void {
  const wholeMs = Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(timeoutMs)));
  timespec.fill(0);
  timespec[0] = Math.floor(wholeMs / 1000);
  timespec[2] = (wholeMs % 1000) * 1_000_000;
  systemCall("ppoll", pollfdBuffer.pointer, descriptors, timespecBuffer.pointer);
}

/**
 * Ends the process at once: nothing is torn down, and nothing that is still buffered is written. What SQLite has
 * committed is safe.
 */
export function exitAtOnce(code: number): void {
  systemCall("exit_group", code);
}
