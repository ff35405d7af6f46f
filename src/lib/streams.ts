/** Standard input and output as a plugin needs them: bounded, complete, and never hanging. */
import { readSync, writeSync } from "node:fs";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, monotonicUs, poll } from "./libc.ts";

/** What was read, or why not. */
export type Input =
  | { readonly kind: "complete"; readonly text: string }
  | { readonly kind: "too-large" | "timed-out" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Reads a descriptor to its end: at most `limitBytes`, within `timeoutMs`. */
export function readToEnd(descriptor: number, limitBytes: number, timeoutMs: number): Input {
  const deadlineUs = monotonicUs() + timeoutMs * 1000;
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65_536);
  let size = 0;
  for (;;) {
    const leftMs = (deadlineUs - monotonicUs()) / 1000;
    if (leftMs <= 0 || poll(descriptor, POLLIN, leftMs) === 0) {
      if (monotonicUs() >= deadlineUs) return { kind: "timed-out" };
      continue;
    }
    try {
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) return { kind: "complete", text: Buffer.concat(chunks).toString("utf8") };
      size += count;
      if (size > limitBytes) return { kind: "too-large" };
      chunks.push(Buffer.from(chunk.subarray(0, count)));
    } catch (error) {
      if (isTemporary(error)) continue;
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
  let rest = Buffer.from(text, "utf8");
  while (rest.length > 0) {
    const leftMs = (deadlineUs - monotonicUs()) / 1000;
    if (poll(descriptor, POLLOUT, leftMs) === 0) {
      if (leftMs > 0) continue;
      throw new Error(`nobody read the answer within ${timeoutMs / 1000} s`);
    }
    try {
      rest = rest.subarray(writeSync(descriptor, rest, 0, Math.min(rest.length, CHUNK_BYTES)));
    } catch (error) {
      if (!isTemporary(error)) throw error;
    }
  }
}

/** Whether whoever should read a pipe or socket has gone. */
export function isReaderGone(descriptor: number): boolean {
  return (poll(descriptor, 0, 0) & (POLLERR | POLLHUP)) !== 0;
}

function isTemporary(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EAGAIN" || code === "EINTR";
}
