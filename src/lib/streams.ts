/** Standard input and output as a plugin needs them: bounded, complete, and never hanging. */
import { readSome, writeSome } from "./files.ts";
import { encodeText, errorCode } from "./system-call.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, monotonicUs, poll } from "./process.ts";

/** What was read, or why not. */
export type Input =
  | { readonly kind: "complete"; readonly text: string }
  | { readonly kind: "too-large" | "timed-out" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Reads a descriptor to its end: at most `limitBytes`, within `timeoutMs`. */
export function readToEnd(descriptor: number, limitBytes: number, timeoutMs: number): Input {
  const deadlineUs = monotonicUs() + timeoutMs * 1000;
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const leftMs = (deadlineUs - monotonicUs()) / 1000;
    if (leftMs <= 0) return { kind: "timed-out" };
    if (poll(descriptor, POLLIN, leftMs) === 0) continue;
    try {
      const bytes = readSome(descriptor, "standard input");
      if (bytes.length === 0) return { kind: "complete", text: text + decoder.decode() };
      size += bytes.length;
      if (size > limitBytes) return { kind: "too-large" };
      text += decoder.decode(bytes, { stream: true });
    } catch (error) {
      if (errorCode(error) === "EAGAIN") continue;
      return { kind: "unreadable", reason: String(error) };
    }
  }
}

/** `PIPE_BUF`: a pipe that is ready takes this much without blocking (pipe(7)). */
const CHUNK_BYTES = 4096;

/**
 * Writes all of a text. Throws what the system says, `EPIPE` if nobody reads, or an error if what stands in the pipe
 * already is not read within `timeoutMs` (default: no limit).
 */
export function writeAll(descriptor: number, text: string, timeoutMs = Infinity): void {
  const deadlineUs = monotonicUs() + timeoutMs * 1000;
  let rest = encodeText(text);
  while (rest.length > 0) {
    const leftMs = (deadlineUs - monotonicUs()) / 1000;
    if (poll(descriptor, POLLOUT, leftMs) === 0) {
      if (leftMs > 0) continue;
      throw new Error(`nobody read the answer within ${timeoutMs / 1000} s`);
    }
    try {
      rest = rest.subarray(writeSome(descriptor, rest.subarray(0, CHUNK_BYTES), "its reader"));
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") throw error;
    }
  }
}

/** Whether whoever should read a pipe or socket has gone. */
export function isReaderGone(descriptor: number): boolean {
  return (poll(descriptor, 0, 0) & (POLLERR | POLLHUP)) !== 0;
}
