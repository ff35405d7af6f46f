/** What a proxy can do wrong. */
import type { Request } from "./request-reader.ts";

/** Which requests a fault is about. */
export interface Selection {
  /** How many requests it meets before all pass again. Default: all. */
  readonly count?: number;
  /** Default: every request. */
  readonly matching?: (request: Request) => boolean;
}

/**
 * How a proxy behaves. What is held is not lost, as in a network that is cut for a while: it is delivered when
 * the fault is over, even if its sender has given up, unless the connection is cut in between.
 *
 * - `pass`: bytes pass in both directions.
 * - `refuse`: a new connection is closed at once; those that there are go on.
 * - `cut`: all connections are closed, and new ones, too.
 * - `hang`: connections are accepted, and bytes are held in both directions.
 * - `hold-requests`, `hold-replies`: bytes are held in one direction.
 * - `delay`: bytes are late, in each direction.
 * - `lose-replies`: the request passes, and when the reply comes, the connection is closed instead.
 * - `garbage`: the request is answered by bytes that are not HTTP, and goes nowhere.
 * - `close`: a connection is closed when it sends such a request, or if such a one was its last.
 * - `http-error`: the request is answered by this status and body, and goes nowhere.
 */
export type Fault =
  | { readonly kind: "pass" | "refuse" | "cut" | "hang" | "hold-requests" | "hold-replies" }
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "close"; readonly matching: (request: Request) => boolean }
  | ({ readonly kind: "lose-replies" | "garbage" } & Selection)
  | ({ readonly kind: "http-error"; readonly status: number; readonly body: string } & Selection);

/** How late bytes are with a fault, in milliseconds; Infinity while they are held. */
export function delayOf(fault: Fault, direction: "requests" | "replies"): number {
  if (fault.kind === "delay") return fault.delayMs;
  return fault.kind === "hang" || fault.kind === `hold-${direction}` ? Infinity : 0;
}

/** What becomes of bytes from a client. */
export type Fate = { readonly kind: "forward" | "lose-reply" | "close" } | Answer;

interface Answer {
  readonly kind: "answer";
  readonly bytes: string;
}

/** What a fault does to a request that it meets. */
export function fateWith(fault: Fault): Fate {
  switch (fault.kind) {
    case "lose-replies":
      return { kind: "lose-reply" };
    case "garbage":
      return { kind: "answer", bytes: "\x00\xffthis is no HTTP\r\n\r\n" };
    case "http-error":
      return { kind: "answer", bytes: answerOf(fault) };
    case "close":
      return { kind: "close" };
    case "pass":
    case "refuse":
    case "cut":
    case "hang":
    case "hold-requests":
    case "hold-replies":
    case "delay":
      return { kind: "forward" };
  }
}

function answerOf({ status, body }: { readonly status: number; readonly body: string }): string {
  const length = Buffer.byteLength(body);
  return [
    `HTTP/1.1 ${status} Fault`,
    "Content-Type: application/json",
    `Content-Length: ${length}`,
    "Connection: close",
    "",
    Buffer.from(body).toString("latin1"),
  ].join("\r\n");
}
