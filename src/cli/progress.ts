/** How far something is that takes long: one line on standard error, rewritten in place and removed in the end. */
import type { CliHost } from "./cli-host.ts";
import { formatCount } from "./terminal.ts";

/** For how long there is nothing to tell. */
const PATIENCE_MS = 1000;
const INTERVAL_MS = 200;
/** To the start of the line, and nothing on it. */
const ERASE = "\r\u001b[K";

/** A line that counts. */
export interface Progress {
  /** Counts one more. */
  count(): void;
  /** Removes the line, for something that is printed; it comes again with the next count. */
  clear(): void;
}

/** Begins to count things of a name, as `addresses`. Shows nothing where nobody looks at standard error. */
export function startProgress(
  host: Pick<CliHost, "isErrorTerminal" | "now" | "writeError">,
  things: string,
): Progress {
  if (!host.isErrorTerminal) return { count() {}, clear() {} };
  let total = 0n;
  let nextMs = host.now() + PATIENCE_MS;
  let isShown = false;
  return {
    count() {
      total++;
      const nowMs = host.now();
      if (nowMs < nextMs) return;
      nextMs = nowMs + INTERVAL_MS;
      isShown = true;
      host.writeError(`${ERASE}${formatCount(total)} ${things} so far`);
    },
    clear() {
      if (isShown) host.writeError(ERASE);
      isShown = false;
    },
  };
}

/** Shows a line in place of what was shown before; undefined removes it. */
export function showLine(
  host: Pick<CliHost, "isErrorTerminal" | "writeError">,
  text: string | undefined,
): void {
  if (host.isErrorTerminal) host.writeError(`${ERASE}${text ?? ""}`);
}
