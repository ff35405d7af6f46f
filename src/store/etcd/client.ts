/**
 * Requests to etcd's JSON gateway: members in turn, authentication, patience (docs/decisions/0005). A request is
 * either repeatable, or its outcome may end up unknown ({@link UnknownOutcome}).
 */
import { WhereaboutsError } from "../../core/error.ts";
import type { EndpointMemory } from "./endpoints.ts";
import { Endpoints } from "./endpoints.ts";
import type { Failure } from "./failure.ts";
import {
  UnknownOutcome,
  answerFailure,
  connectionFailure,
  garbage,
  tellingFailure,
  unavailable,
} from "./etcd-error.ts";
import type { Answer, Transaction } from "./gateway.ts";
import { parseAnswer } from "./gateway.ts";
import { LOGIN, failureOfLogin, tokenOf } from "./login.ts";

/** Who logs in. */
export interface Credentials {
  readonly username: string;
  /** Asked at each login, so that a password that was changed is known. Throws `input-output`. */
  readonly password: () => string;
}

/** How TLS is spoken: PEM texts. */
export interface TlsTexts {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** How a client reaches etcd. */
export interface ClientOptions {
  /** `http://HOST:PORT` or `https://…`. */
  readonly endpoints: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly tls?: TlsTexts | undefined;
  /** What is wrong with the texts of `tls`, which is found out only where nothing works. */
  readonly whyUnusable?: (() => string | undefined) | undefined;
  readonly memory?: EndpointMemory | undefined;
  /** For how many milliseconds from now a request may still take. */
  readonly leftMs: () => number;
}

/**
 * Longest wait for one member: as long as a slow disk and an election may take, while others are left to ask; twice
 * as long in each further round, for where all were slow.
 */
const LONGEST_ATTEMPT_MS = 3000;
const LONGEST_READ_MS = 1500;
const LONGEST_ALONE_MS = 5000;
/** What is left to say that nobody answered. */
const RESERVE_MS = 50;

/** What a request may do when its outcome is unknown. */
export type Repetition =
  | "repeatable"
  | "once"
  /** Repeatable, and one member may take all the time that is left: it waits for a lock. */
  | "waiting";

interface Request {
  readonly path: string;
  readonly body: object;
}

/** What one member did with a request. */
type Reply =
  | { readonly kind: "answered"; readonly body: unknown }
  | { readonly kind: "failed"; readonly failure: Failure };

/** A client of one cluster. Opens no connection before the first request. */
export class EtcdClient {
  readonly #options: ClientOptions;
  readonly #endpoints: Endpoints;
  /** What requests carry; "" where etcd knows no users; undefined before the login. */
  #token: string | undefined;
  /** By member: requests that come together log in once, for each login costs the server a tenth of a second. */
  readonly #logins = new Map<string, Promise<Failure | undefined>>();
  /** How many outcomes in a row were unknown. */
  #unknownCount = 0;
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
    // What is left may be the same for each request: then it counts from here.
    const endMs = performance.now() + this.#leftMs();
    const left = (): number => Math.min(this.#leftMs(), endMs - performance.now());
    for (let round = 0; ; round++) {
      const urls = this.#endpoints.inOrder();
      for (const [index, url] of urls.entries()) {
        const leftMs = left();
        if (leftMs <= 0) throw attempts.size > 0 ? unavailable(attempts) : outOfTime();
        const longestMs = longest(urls.length, repetition) * 2 ** round;
        const untilMs =
          performance.now() + patience(leftMs, urls.length - index, longestMs, repetition);
        const reply = await this.#authenticated(url, { path, body }, untilMs);
        const parsed = reply.kind === "answered" ? parse(reply.body) : undefined;
        if (parsed !== undefined) {
          this.#endpoints.succeeded(url);
          if (repetition === "once") this.#unknownCount = 0;
          return parsed;
        }
        const failure = reply.kind === "failed" ? reply.failure : garbage;
        attempts.set(url, tellingFailure(attempts.get(url), failure));
        if (failure.remedy !== "none") this.#endpoints.failed(url);
        if (failure.outcome !== "void" && repetition === "once") {
          await this.#slowDown();
          throw new UnknownOutcome(unavailable(attempts), failure.outcome === "over");
        }
        if (failure.remedy === "none") throw unavailable(attempts);
      }
      const waitMs = pauseMs(round);
      const isHopeless = [...attempts.values()].every(({ isLasting }) => isLasting === true);
      if (isHopeless || left() <= waitMs) throw unavailable(attempts);
      await Bun.sleep(waitMs);
    }
  }

  /** Waits; false, and at once, if the time of the call does not allow it. */
  async rest(milliseconds: number): Promise<boolean> {
    if (this.#leftMs() <= milliseconds) return false;
    await Bun.sleep(milliseconds);
    return true;
  }

  /** After `close` nothing is asked any more. */
  close(): void {
    this.#closed = true;
  }

  #leftMs(): number {
    return this.#options.leftMs() - RESERVE_MS;
  }

  /** Keeps one whose outcome is unknown again and again from being tried in a hurry. */
  async #slowDown(): Promise<void> {
    const waitMs = this.#unknownCount === 0 ? 0 : pauseMs(this.#unknownCount);
    this.#unknownCount++;
    if (waitMs > 0 && waitMs < this.#leftMs()) await Bun.sleep(waitMs);
  }

  /** Sends with a token where users are known, renewed once where it is not accepted. */
  async #authenticated(url: string, request: Request, untilMs: number): Promise<Reply> {
    const { credentials } = this.#options;
    for (let isFresh = false; ; isFresh = true) {
      if (credentials !== undefined && this.#token === undefined) {
        const failure = await this.#logIn(url, credentials, untilMs);
        if (failure !== undefined) return { kind: "failed", failure };
      }
      const token = this.#token;
      const reply = await this.#send(url, request, untilMs);
      if (reply.kind !== "failed" || reply.failure.remedy !== "authenticate") return reply;
      const isHopeless = credentials === undefined;
      if (isHopeless || isFresh)
        return {
          kind: "failed",
          failure: { ...reply.failure, remedy: isHopeless ? "none" : "another" },
        };
      // Another request may have renewed it meanwhile.
      if (this.#token === token) this.#token = undefined;
    }
  }

  /** Logs in, together with whoever does so already. Returns why it could not. */
  async #logIn(
    url: string,
    credentials: Credentials,
    untilMs: number,
  ): Promise<Failure | undefined> {
    let login = this.#logins.get(url);
    if (login === undefined) {
      login = this.#askForToken(url, credentials, untilMs);
      this.#logins.set(url, login);
      void login.catch(() => {}).then(() => this.#logins.delete(url));
    }
    return await login;
  }

  async #askForToken(
    url: string,
    { username: name, password }: Credentials,
    untilMs: number,
  ): Promise<Failure | undefined> {
    const body = { name, password: password() };
    const reply = await this.#send(url, { path: LOGIN, body }, untilMs);
    this.#token = tokenOf(reply.kind === "answered" ? reply.body : reply.failure);
    if (this.#token !== undefined) return undefined;
    return failureOfLogin(reply.kind === "failed" ? reply.failure : garbage);
  }

  async #send(url: string, { path, body }: Request, untilMs: number): Promise<Reply> {
    const { tls, whyUnusable = () => undefined } = this.#options;
    const token = path === LOGIN ? "" : (this.#token ?? "");
    const timeoutMs = Math.max(1, Math.ceil(untilMs - performance.now()));
    let failure: Failure;
    try {
      const init: BunFetchRequestInit = {
        method: "POST",
        body: JSON.stringify(body),
        headers: {
          "Content-Type": "application/json",
          // A member that lost its leader says so at once instead of waiting for one.
          "Grpc-Metadata-hasleader": "true",
          ...(token !== "" && { Authorization: token }),
        },
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        ...(tls !== undefined && { tls }),
      };
      // Which its types do not know. Else requests, and the password in them, would go to the proxy that HTTP_PROXY
      // names in the environment of many a runtime.
      const response = await fetch(url + path, Object.assign(init, { proxy: false }));
      const text = await response.text();
      if (response.status === 200) return { kind: "answered", body: tryParseJson(text) };
      failure = answerFailure(response.status, text, path === LOGIN);
    } catch (error) {
      failure = connectionFailure(error, timeoutMs, whyUnusable);
    }
    const { reason } = failure;
    return {
      kind: "failed",
      // Whatever answered may have echoed it.
      failure: token === "" ? failure : { ...failure, reason: reason.replaceAll(token, "…") },
    };
  }
}

function longest(members: number, repetition: Repetition): number {
  if (members === 1) return LONGEST_ALONE_MS;
  return repetition === "once" ? LONGEST_ATTEMPT_MS : LONGEST_READ_MS;
}

/** How long one of so many members may take: the others must have their turn, and what may be unknown be settled. */
function patience(
  leftMs: number,
  members: number,
  longestMs: number,
  repetition: Repetition,
): number {
  if (repetition === "waiting") return Math.max(1, leftMs);
  const shareMs = leftMs / (repetition === "once" ? members + 1 : members);
  return Math.max(1, Math.min(longestMs, shareMs));
}

function pauseMs(round: number): number {
  return Math.min(500, 20 * 2 ** round) * (0.5 + Math.random());
}

function outOfTime(): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    "The time of this call was over before etcd could be asked",
  );
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
