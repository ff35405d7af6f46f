/** What can go wrong between us and etcd, made ours: which member, what was tried, what to do. */
import { WhereaboutsError, errorMessage } from "../../core/error.ts";
import { errorCode } from "../../lib/system-call.ts";

/** What became of one request to one member. */
export interface Failure {
  /** What to do next: the same at another member, that after new authentication, or nothing. */
  readonly remedy: "another" | "authenticate" | "none";
  /** Whether the request was surely not carried out. */
  readonly isVoid: boolean;
  readonly reason: string;
  readonly advice: string;
}

const CONNECTION_ADVICE =
  "Check that etcd runs there and that etcd_host names it; the network between may be down.";
const TLS_ADVICE =
  "Check etcd_ca_cert_file, and that the certificate of the member is of the name or address in etcd_host and has not expired.";

/** What `fetch` threw. */
export function connectionFailure(error: unknown, timeoutMs: number): Failure {
  const code = errorCode(error) ?? "";
  if (error instanceof Error && error.name === "TimeoutError") {
    const reason = `did not answer within ${Math.round(timeoutMs)} ms`;
    return { remedy: "another", isVoid: false, reason, advice: CONNECTION_ADVICE };
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|HOSTNAME|SIGNATURE|CRL|BORINGSSL/i.test(code)) {
    const reason = `refused its certificate, or ours was refused: ${code}`;
    return { remedy: "another", isVoid: true, reason, advice: TLS_ADVICE };
  }
  const isVoid =
    /^(ConnectionRefused|FailedToOpenSocket|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_.*|DNS.*)$/.test(
      code,
    );
  const reason = isVoid
    ? `cannot be reached: ${code}`
    : `broke the connection off: ${code || errorMessage(error)}`;
  return { remedy: "another", isVoid, reason, advice: CONNECTION_ADVICE };
}

/** What an answer that is not a success says. */
export function answerFailure(status: number, body: unknown): Failure {
  const text = messageOf(body);
  if (text === undefined) {
    return {
      remedy: "another",
      // Whatever answered, it was not etcd's gateway: it had nothing to carry the request out on.
      isVoid: status === 404 || status === 405 || status === 501,
      reason: `answered with HTTP status ${status} and no message of etcd`,
      advice:
        status === 404
          ? "Its JSON gateway is switched off (etcd needs --enable-grpc-gateway=true, the default), or this is no etcd of version 3.4 or newer."
          : "This is no etcd, or something stands between.",
    };
  }
  const known = faults.find(({ pattern }) => pattern.test(text));
  const { remedy, isVoid, advice } = known ?? other;
  return { remedy, isVoid, reason: `says: ${text}`, advice };
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const message = "message" in body ? body.message : "error" in body ? body.error : undefined;
  return typeof message === "string" && message !== "" ? message.slice(0, 300) : undefined;
}

interface Fault extends Omit<Failure, "reason"> {
  readonly pattern: RegExp;
}

const other: Omit<Failure, "reason"> = {
  remedy: "another",
  isVoid: false,
  advice: "Its log may say more.",
};

/** The first that fits counts. */
const faults: readonly Fault[] = [
  {
    pattern: /invalid auth token|revision in header is old|auth revision|user name is empty/i,
    remedy: "authenticate",
    isVoid: true,
    advice: "etcd asks for a user: set etcd_username and etcd_password or etcd_password_file.",
  },
  {
    pattern: /authentication failed|invalid user ID or password|user name not found/i,
    remedy: "none",
    isVoid: true,
    advice: "Check etcd_username, and etcd_password or etcd_password_file.",
  },
  {
    pattern: /authentication is not enabled/i,
    remedy: "none",
    isVoid: true,
    advice:
      "etcd knows no users: leave out etcd_username, or switch authentication on (etcdctl auth enable).",
  },
  {
    pattern: /permission denied|CommonName of client/i,
    remedy: "none",
    isVoid: true,
    advice:
      "The user needs read and write permission on the whole etcd_prefix, and to read /whereabouts/ unless etcd_legacy is off " +
      "(etcdctl role grant-permission ROLE --prefix=true readwrite PREFIX). A certificate's name is no user to the JSON gateway: set etcd_username.",
  },
  {
    pattern: /database space exceeded|NOSPACE/i,
    remedy: "none",
    isVoid: true,
    advice:
      "The database of etcd is full (alarm NOSPACE): compact and defragment it, or raise --quota-backend-bytes, then: etcdctl alarm disarm.",
  },
  {
    pattern: /request is too large/i,
    remedy: "none",
    isVoid: true,
    advice: "Ask for fewer addresses in one interface, or raise etcd's --max-request-bytes.",
  },
  {
    pattern: /too many operations/i,
    remedy: "none",
    isVoid: true,
    advice: "Use fewer ranges in one interface (at most 32), or raise etcd's --max-txn-ops.",
  },
  {
    pattern: /has been compacted|future revision/i,
    remedy: "none",
    isVoid: true,
    advice: "Try again.",
  },
  {
    pattern: /no leader|too many requests|server stopped|not capable|unhealthy|learner/i,
    remedy: "another",
    isVoid: true,
    advice: "The cluster has no majority just now: check its members (etcdctl endpoint status).",
  },
];

/** The error of a request that no member carried out; `attempts` are lines of `ENDPOINT reason`. */
export function unavailable(
  attempts: ReadonlyMap<string, Failure>,
  outcome: "void" | "unknown",
): WhereaboutsError {
  const lines = [...attempts].map(([url, { reason }]) => `${url} ${reason}`);
  const advice = [...new Set([...attempts.values()].map((failure) => failure.advice))];
  const doubt =
    outcome === "unknown" ? "; whether the last request was carried out is unknown" : "";
  return new WhereaboutsError("store-unavailable", `Cannot use etcd: ${lines.join("; ")}${doubt}`, {
    details: advice.join("\n"),
  });
}

/** Thrown where a request may have been carried out, or may be yet: to be settled by reading. */
export class UnknownOutcome extends Error {
  override readonly name = "UnknownOutcome";
  readonly failure: WhereaboutsError;

  constructor(failure: WhereaboutsError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Whether a request failed because its revision is compacted. */
export function isCompacted(error: unknown): boolean {
  return error instanceof WhereaboutsError && /has been compacted/.test(error.message);
}
