/** A proxy on loopback between a client and a real server, that breaks what tests want broken. */
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import type { Fate, Fault, Selection } from "./fault.ts";
import { fateWith } from "./fault.ts";
import type { Piece } from "./request-reader.ts";
import { ProxiedConnection } from "./proxied-connection.ts";

/** What a proxy stands before. */
export interface FaultProxyOptions {
  /** Port of 127.0.0.1 that it passes to. */
  readonly targetPort: number;
  /** Its own port. Default: any. */
  readonly port?: number;
  /** Passes bytes without a look for HTTP requests in them: no counts, and no faults of requests. */
  readonly isOpaque?: boolean;
}

const proxies = new Set<FaultProxy>();

/**
 * A running proxy, which passes everything until told otherwise. It understands plain HTTP/1.1; of TLS, HTTP/2
 * and gRPC it counts no requests, and the faults that are about requests do not meet them.
 */
export class FaultProxy {
  /** Every request that came from a client and was not held, in order: `POST /v3/kv/txn`. */
  readonly requests: string[] = [];
  /** How many connections were accepted so far, without those that were closed at once. */
  connectionCount = 0;
  readonly #listener: Server;
  readonly #options: FaultProxyOptions;
  readonly #connections = new Set<ProxiedConnection>();
  #fault: Fault = { kind: "pass" };
  #metCount = 0;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#accept(client),
    );
    proxies.add(this);
  }

  /** Starts to listen. */
  async listen(): Promise<void> {
    this.#listener.listen(this.#options.port ?? 0, "127.0.0.1");
    await once(this.#listener, "listening");
  }

  get port(): number {
    const address = this.#listener.address();
    if (address === null || typeof address === "string") throw new Error("The proxy is stopped");
    return address.port;
  }

  /** Where clients reach the server through it: `127.0.0.1:PORT`. */
  get hostPort(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Behaves in this way from now on, also to the connections that there are. */
  become(fault: Fault): void {
    this.#fault = fault;
    this.#metCount = 0;
    for (const connection of this.#connections) {
      const { lastRequest } = connection;
      const isHit =
        fault.kind === "close" && lastRequest !== undefined && fault.matching(lastRequest);
      if (fault.kind === "cut" || isHit) connection.cut();
      else connection.pump();
    }
  }

  /** Closes all connections, as a server that starts again, and takes new ones. */
  closeConnections(): void {
    for (const connection of this.#connections) connection.cut();
    this.#connections.clear();
  }

  /** Stops listening and closes all connections. */
  stop(): void {
    proxies.delete(this);
    this.#listener.close();
    this.closeConnections();
  }

  #accept(client: Socket): void {
    if (this.#fault.kind === "refuse" || this.#fault.kind === "cut") {
      client.on("error", () => {});
      client.destroy();
      return;
    }
    this.connectionCount++;
    const server = connect({
      port: this.#options.targetPort,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    const connection = new ProxiedConnection(client, server, {
      isOpaque: this.#options.isOpaque ?? false,
      fault: () => this.#fault,
      fateOf: (piece) => this.#fateOf(piece),
    });
    for (const one of this.#connections) if (one.isOver) this.#connections.delete(one);
    this.#connections.add(connection);
  }

  #fateOf({ request }: Piece): Fate {
    if (request === undefined) return { kind: "forward" };
    this.requests.push(request.line);
    const fault = this.#fault;
    const { count = Infinity, matching = () => true } = selectionOf(fault);
    if (this.#metCount >= count || !matching(request)) return { kind: "forward" };
    this.#metCount++;
    return fateWith(fault);
  }
}

function selectionOf(fault: Fault): Selection {
  if (fault.kind === "close") return { matching: fault.matching };
  return "count" in fault || "matching" in fault ? fault : {};
}

/** Starts a proxy. Stop it with `stop()` or {@link stopProxies}. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(options);
  await proxy.listen();
  return proxy;
}

/** Stops every proxy that is left: for `afterEach` or `afterAll`. */
export function stopProxies(): void {
  for (const proxy of proxies) proxy.stop();
}
