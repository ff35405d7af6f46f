/** One connection through a fault proxy. */
import type { Socket } from "node:net";
import type { Fate, Fault } from "./fault.ts";
import { delayOf } from "./fault.ts";
import { Flow } from "./flow.ts";
import type { Piece, Request } from "./request-reader.ts";
import { RequestReader } from "./request-reader.ts";

/** What a connection asks its proxy. */
export interface ProxyRules {
  /** Whether no HTTP is to be looked for. */
  readonly isOpaque: boolean;
  fault(): Fault;
  /** Decides about a piece, once, and counts it. */
  fateOf(piece: Piece): Fate;
}

/** A client's socket and the one to the server, with what is on its way between them. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: ProxyRules;
  readonly #reader: RequestReader;
  readonly #requests: Flow;
  readonly #replies: Flow;
  #losesReply = false;
  #lastRequest: Request | undefined;

  constructor(client: Socket, server: Socket, rules: ProxyRules) {
    this.#client = client;
    this.#server = server;
    this.#rules = rules;
    this.#reader = new RequestReader(rules.isOpaque);
    this.#requests = new Flow(
      (bytes) => this.#deliverRequest(bytes),
      () => delayOf(rules.fault(), "requests"),
    );
    this.#replies = new Flow(
      (bytes) => this.#deliverReply(bytes),
      () => delayOf(rules.fault(), "replies"),
    );
    feed(client, this.#requests);
    feed(server, this.#replies);
  }

  get isOver(): boolean {
    return this.#client.destroyed && this.#server.destroyed;
  }

  get lastRequest(): Request | undefined {
    return this.#lastRequest;
  }

  /** Delivers what is due, after the fault changed. */
  pump(): void {
    this.#requests.pump();
    this.#replies.pump();
  }

  /** Closes both sides; what was held is lost. */
  cut(): void {
    this.#requests.drop();
    this.#replies.drop();
    this.#client.destroy();
    this.#server.destroy();
  }

  #deliverRequest(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#server.end();
      return;
    }
    for (const piece of this.#reader.push(bytes)) {
      this.#lastRequest = piece.request ?? this.#lastRequest;
      const fate = this.#rules.fateOf(piece);
      if (fate.kind === "close") {
        this.cut();
        return;
      }
      if (fate.kind === "answer") {
        this.#client.end(Buffer.from(fate.bytes, "latin1"));
        this.#server.end();
        return;
      }
      this.#losesReply ||= fate.kind === "lose-reply";
      this.#server.write(piece.bytes);
    }
  }

  #deliverReply(bytes: Buffer | undefined): void {
    if (bytes === undefined) this.#client.end();
    else if (this.#losesReply) this.cut();
    else this.#client.write(bytes);
  }
}

function feed(socket: Socket, flow: Flow): void {
  let isEnded = false;
  const end = () => {
    if (!isEnded) flow.push(undefined);
    isEnded = true;
  };
  socket.on("data", (bytes) => flow.push(Buffer.from(bytes)));
  socket.on("end", end);
  socket.on("close", end);
  // A close follows.
  socket.on("error", () => {});
}
