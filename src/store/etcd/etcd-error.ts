/** What can go wrong between us and etcd, made ours: which member, what was tried, what to do. */
import { WhereaboutsError, errorMessage } from "../../core/error.ts";
import { errorCode } from "../../lib/system-call.ts";
import type { Failure } from "./failure.ts";
import { faultOf } from "./gateway-faults.ts";

const CONNECTION_ADVICE =
  "Check that etcd runs there and that etcd_host names it; the network between may be down.";
const SCHEME_ADVICE =
  "A server that speaks TLS needs https:// in etcd_host, one that does not needs http://; else see its log.";
const TLS_ADVICE =
  "Check etcd_ca_cert_file, and that the certificate of the member is of the name or address in etcd_host and has not expired.";
const HANDSHAKE_ADVICE =
  "The member may ask for a client certificate: etcd_cert_file and etcd_key_file, of the authority that it trusts. Its log may say more.";

/** Found in the handshake by the client itself, which then sends nothing: the codes of X.509 (verify(1) of OpenSSL). */
const REFUSED_CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_CERT_|HOSTNAME_|INVALID_(CA|PURPOSE)|PATH_LENGTH)/;
/** There was no connection to send anything on. */
const NOT_CONNECTED =
  /^(ConnectionRefused|FailedToOpenSocket|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|EADDRNOTAVAIL|ENOTFOUND|EAI_\w*|DNS\w*)$/;

/** What `fetch` threw. `whyUnusable` tells what is wrong with certificates that no connection can be made with. */
export function connectionFailure(
  error: unknown,
  timeoutMs: number,
  whyUnusable: () => string | undefined,
): Failure {
  const code = errorCode(error) ?? "";
  if (error instanceof Error && error.name === "TimeoutError") {
    const reason = `did not answer within ${Math.round(timeoutMs)} ms`;
    const advice = CONNECTION_ADVICE;
    return { remedy: "another", outcome: "unknown", waitedMs: timeoutMs, reason, advice };
  }
  if (REFUSED_CERTIFICATE.test(code)) {
    const reason = `has a certificate that is refused: ${code}`;
    return { remedy: "another", outcome: "void", isLasting: true, reason, advice: TLS_ADVICE };
  }
  if (code === "FailedToOpenSocket") {
    const unusable = whyUnusable();
    if (unusable !== undefined) {
      const advice = "It must be in PEM, without a passphrase.";
      return { remedy: "none", outcome: "void", reason: `cannot be asked: ${unusable}`, advice };
    }
  }
  if (NOT_CONNECTED.test(code)) {
    const reason = `cannot be reached: ${code}`;
    return { remedy: "another", outcome: "void", reason, advice: CONNECTION_ADVICE };
  }
  // Also of a connection that had been of use: of a damaged record nobody knows what it said.
  const isTls = code === "EPROTO" || /SSL|TLS/.test(code);
  const reason = isTls
    ? `broke TLS off, perhaps because it refuses our certificate: ${code}`
    : `broke the connection off: ${code || errorMessage(error)}`;
  const advice = isTls ? HANDSHAKE_ADVICE : SCHEME_ADVICE;
  return { remedy: "another", outcome: "unknown", reason, advice };
}

/**
 * What an answer that is not a success says. Where the request held what is `secret`, nothing is repeated of the
 * answer but what is known: whatever answered may have echoed it.
 */
export function answerFailure(status: number, text: string, isSecret: boolean): Failure {
  const { known, said } = faultOf(status, text);
  if (known !== undefined) {
    const { pattern, ...rest } = known;
    const shown = isSecret ? (pattern?.exec(said)?.[0] ?? `HTTP status ${status}`) : said;
    return { ...rest, reason: `says: ${shown}` };
  }
  const isMessage = said !== "" && !isSecret;
  return {
    remedy: "another",
    outcome: "unknown",
    reason: isMessage ? `says: ${said}` : `answered with HTTP status ${status}`,
    advice: isMessage ? "Its log may say more." : "This is no etcd, or something stands between.",
  };
}

/** Of an answer with status 200 that cannot be understood. */
export const garbage: Failure = {
  remedy: "another",
  outcome: "unknown",
  reason: "answered with something that is not etcd's",
  advice: "This is no etcd of version 3.4 or newer, or something stands between.",
};

/** Which of two failures of one member says more: not that it was given too little time in the end. */
export function tellingFailure(before: Failure | undefined, now: Failure): Failure {
  const isShorter = now.waitedMs !== undefined && now.waitedMs < (before?.waitedMs ?? Infinity);
  return before !== undefined && isShorter ? before : now;
}

/** The error of a request that no member carried out, as far as is known; `attempts` are by endpoint. */
export function unavailable(attempts: ReadonlyMap<string, Failure>): WhereaboutsError {
  const failures = [...attempts.values()];
  const lines = [...attempts].map(([url, { reason }]) => `${url} ${reason}`);
  const advice = [...new Set(failures.map((failure) => failure.advice))];
  return new WhereaboutsError("store-unavailable", `Cannot use etcd: ${lines.join("; ")}`, {
    details: advice.join("\n"),
  });
}

/** Thrown where a request may have been carried out, or may be yet: to be settled by reading. */
export class UnknownOutcome extends Error {
  override readonly name = "UnknownOutcome";
  /** What to throw where it turns out that the request was not carried out and cannot be tried again. */
  readonly failure: WhereaboutsError;
  /** Whether it is over: what reading does not find now will never be, and to try again is of no use. */
  readonly isOver: boolean;

  constructor(failure: WhereaboutsError, isOver: boolean) {
    super(failure.message);
    this.failure = failure;
    this.isOver = isOver;
  }
}

/** Whether a request failed because its revision is compacted. */
export function isCompacted(error: unknown): boolean {
  return error instanceof WhereaboutsError && /has been compacted/.test(error.message);
}
