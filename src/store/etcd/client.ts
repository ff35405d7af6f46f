/**
 * Requests to etcd's JSON gateway: members in turn, authentication, patience (docs/decisions/0005). A request is
 * either repeatable, or its outcome may end up unknown ({@link UnknownOutcome}).
 */
import { WhereaboutsError } from "../../core/error.ts";
import type { EndpointMemory } from "./endpoints.ts";
import { Endpoints } from "./endpoints.ts";
import type { Failure } from "./etcd-error.ts";
import { UnknownOutcome, answerFailure, connectionFailure, unavailable } from "./etcd-error.ts";
import type { Answer, Transaction } from "./gateway.ts";
import { parseAnswer } from "./gateway.ts";

/** How a client reaches etcd. */
export interface ClientOptions {
  /** `http://HOST:PORT` or `https://…`. */
  readonly endpoints: readonly string[];
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /** PEM texts. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly memory?: EndpointMemory | undefined;
  /** For how many milliseconds from now a request may still take. */
  readonly leftMs: () => number;
}

/** Longest wait for one member: as long as a slow disk and an election may take, while others are left to ask. */
const LONGEST_ATTEMPT_MS = 3000;
const LONGEST_READ_MS = 1500;
/** What is left to say that nobody answered. */
const RESERVE_MS = 50;

/** What a request may do when its outcome is unknown. */
export type Repetition =
  | "repeatable"
  | "once"
  /** Repeatable, and one member may take all the time that is left: it waits for a lock. */
  | "waiting";

interface Reply {
  readonly body: unknown;
  readonly failure: Failure | undefined;
}

/** A client of one cluster. Opens no connection before the first request. */
export class EtcdClient {
  readonly #options: ClientOptions;
  readonly #endpoints: Endpoints;
  #token: string | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints(options.endpoints, options.memory, Date.now);
  }

  /** Carries out a transaction. Throws `store-unavailable`, `try-later`; of one that is not repeatable {@link UnknownOutcome}. */
  async transact(transaction: Transaction, repetition: Repetition): Promise<Answer> {
    return await this.request("/v3/kv/txn", transaction, repetition, parseAnswer);
  }

  /** Makes a request of the gateway, at one member after the other. `parse` returns undefined for what is no answer. */
  async request<T>(
    path: string,
    body: object,
    repetition: Repetition,
    parse: (body: unknown) => T | undefined,
  ): Promise<T> {
    if (this.#closed)
      throw new WhereaboutsError("store-unavailable", "Cannot use a store that is closed");
    const attempts = new Map<string, Failure>();
    for (let round = 0; ; round++) {
      const urls = this.#endpoints.inOrder();
      for (const [index, url] of urls.entries()) {
        const leftMs = this.#options.leftMs() - RESERVE_MS;
        if (leftMs <= 0 && attempts.size > 0) throw unavailable(attempts, "void");
        if (leftMs <= 0) throw outOfTime();
        const timeoutMs = patience(leftMs, urls.length - index, repetition);
        const reply = await this.#authenticated(url, path, body, timeoutMs);
        const parsed = reply.failure === undefined ? parse(reply.body) : undefined;
        if (parsed !== undefined) {
          this.#endpoints.succeeded(url);
          return parsed;
        }
        const failure = reply.failure ?? garbage;
        attempts.set(url, failure);
        if (failure.remedy === "none") throw unavailable(attempts, "void");
        this.#endpoints.failed(url);
        if (!failure.isVoid && repetition === "once")
          throw new UnknownOutcome(unavailable(attempts, "unknown"));
      }
      await this.#pause(round, attempts);
    }
  }

  /** Waits, if the time of the call allows it. Throws `try-later`. */
  async rest(milliseconds: number): Promise<void> {
    if (this.#options.leftMs() - RESERVE_MS <= milliseconds) throw outOfTime();
    await Bun.sleep(milliseconds);
  }

  /** After `close` nothing is asked any more. */
  close(): void {
    this.#closed = true;
  }

  /** Sends with a token where users are known, renewed once where it is not accepted. */
  async #authenticated(url: string, path: string, body: object, timeoutMs: number): Promise<Reply> {
    const { credentials } = this.#options;
    if (credentials === undefined) return await this.#send(url, path, body, timeoutMs);
    for (let isFresh = false; ; isFresh = true) {
      if (this.#token === undefined) {
        const { username: name, password } = credentials;
        const login = { name, password };
        const reply = await this.#send(url, "/v3/auth/authenticate", login, timeoutMs);
        if (reply.failure !== undefined)
          return { ...reply, failure: { ...reply.failure, isVoid: true } };
        this.#token = tokenOf(reply.body);
        if (this.#token === undefined)
          return { body: undefined, failure: { ...garbage, isVoid: true } };
      }
      const reply = await this.#send(url, path, body, timeoutMs, this.#token);
      if (reply.failure?.remedy !== "authenticate" || isFresh) return reply;
      this.#token = undefined;
    }
  }

  async #send(
    url: string,
    path: string,
    body: object,
    timeoutMs: number,
    token?: string,
  ): Promise<Reply> {
    const { tls } = this.#options;
    try {
      const response = await fetch(url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: {
          "Content-Type": "application/json",
          // A member that lost its leader says so at once instead of waiting for one.
          "Grpc-Metadata-hasleader": "true",
          ...(token !== undefined && { Authorization: token }),
        },
        redirect: "manual",
        signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
        ...(tls !== undefined && { tls }),
      });
      const text = await response.text();
      const parsed = tryParseJson(text);
      if (response.status === 200) return { body: parsed, failure: undefined };
      return { body: undefined, failure: answerFailure(response.status, parsed) };
    } catch (error) {
      return { body: undefined, failure: connectionFailure(error, timeoutMs) };
    }
  }

  async #pause(round: number, attempts: ReadonlyMap<string, Failure>): Promise<void> {
    const waitMs = Math.min(500, 20 * 2 ** round) * (0.5 + Math.random());
    if (this.#options.leftMs() - RESERVE_MS <= waitMs) throw unavailable(attempts, "void");
    await Bun.sleep(waitMs);
  }
}

/** How long one member may take, so that the others have their turn. */
function patience(leftMs: number, members: number, repetition: Repetition): number {
  if (repetition === "waiting") return leftMs;
  const longestMs = repetition === "once" ? LONGEST_ATTEMPT_MS : LONGEST_READ_MS;
  return Math.max(1, members > 1 ? Math.min(longestMs, leftMs / members) : Math.min(leftMs, 5000));
}

const garbage: Failure = {
  remedy: "another",
  isVoid: false,
  reason: "answered with something that is not etcd's",
  advice: "This is no etcd of version 3.4 or newer, or something stands between.",
};

function outOfTime(): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    "The time of this call was over before etcd could be asked",
  );
}

function tokenOf(body: unknown): string | undefined {
  const isToken = typeof body === "object" && body !== null && "token" in body;
  return isToken && typeof body.token === "string" ? body.token : undefined;
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
