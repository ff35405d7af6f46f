/** The errors of etcd's gateway, recognised by what it says: statuses and codes differ among its versions. */
import type { Failure } from "./failure.ts";

/** A kind of error. */
export interface GatewayFault extends Omit<Failure, "reason"> {
  /** Undefined for one that is known by its gRPC code alone. */
  readonly pattern?: RegExp;
}

/** The kind of error that an answer is, undefined if it is not known, and what it says, `""` if it is not etcd's. */
export function faultOf(
  status: number,
  text: string,
): { readonly known: GatewayFault | undefined; readonly said: string } {
  const { message, code } = parse(text);
  const said = message ?? plainText(status, text);
  const known = said === "" ? undefined : faults.find(({ pattern }) => pattern.test(said));
  return { known: known ?? (code === undefined ? undefined : byCode[code]), said };
}

function parse(text: string): { message?: string; code?: number } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof body !== "object" || body === null) return {};
  const message = "message" in body ? body.message : "error" in body ? body.error : undefined;
  const code = "code" in body ? body.code : undefined;
  return {
    ...(typeof message === "string" && message !== "" && { message: message.slice(0, 300) }),
    ...(typeof code === "number" && { code }),
  };
}

/** Two things are said without JSON; nothing else that is not JSON comes from etcd. */
function plainText(status: number, text: string): string {
  if (text.startsWith("CommonName of client")) return text.trim().slice(0, 300);
  return status === 404 || status === 405 || status === 501 ? `HTTP status ${status}` : "";
}

/** https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go; the first that fits counts. */
const faults: readonly (GatewayFault & { readonly pattern: RegExp })[] = [
  {
    pattern:
      /invalid auth token|revision (in header|of auth store) is old|auth revision|user name is empty/i,
    remedy: "authenticate",
    outcome: "void",
    advice: "etcd asks for a user: set etcd_username and etcd_password or etcd_password_file.",
  },
  {
    pattern: /authentication failed|invalid user ID or password|user name not found/i,
    remedy: "none",
    outcome: "void",
    advice: "Check etcd_username, and etcd_password or etcd_password_file.",
  },
  {
    pattern: /permission denied/i,
    remedy: "none",
    outcome: "void",
    advice:
      "The user needs read and write permission on the whole etcd_prefix, and on /whereabouts/ unless etcd_legacy is off " +
      "(etcdctl role grant-permission ROLE --prefix=true readwrite PREFIX).",
  },
  {
    pattern: /CommonName of client/i,
    remedy: "none",
    outcome: "void",
    advice:
      "With authentication, etcd's JSON gateway takes no client certificate that has a common name: use one without (its subject may " +
      "have other parts), and set etcd_username with etcd_password or etcd_password_file.",
  },
  {
    pattern: /database space exceeded|NOSPACE/i,
    remedy: "none",
    // A write that crosses the limit is carried out, and answered with this all the same.
    outcome: "over",
    advice:
      "The database of etcd is full (alarm NOSPACE): compact and defragment it, or raise --quota-backend-bytes, then: etcdctl alarm disarm.",
  },
  {
    pattern: /request is too large/i,
    remedy: "none",
    outcome: "void",
    advice: "Ask for fewer addresses in one interface, or raise etcd's --max-request-bytes.",
  },
  {
    // A request, or the answer to it.
    pattern: /message larger than max/i,
    remedy: "none",
    outcome: "over",
    advice: "Ask for fewer addresses in one interface, or raise etcd's --max-request-bytes.",
  },
  {
    pattern: /too many operations/i,
    remedy: "none",
    outcome: "void",
    advice: "Use fewer ranges in one interface (at most 32), or raise etcd's --max-txn-ops.",
  },
  {
    pattern: /has been compacted|future revision/i,
    remedy: "none",
    outcome: "void",
    advice: "Try again.",
  },
  {
    // Each is said before the request goes anywhere.
    pattern: /no leader|too many requests|not capable|unhealthy cluster|learner/i,
    remedy: "another",
    outcome: "void",
    advice: "The cluster has no majority just now: check its members (etcdctl endpoint status).",
  },
  {
    // Each may have been proposed to the other members, who carry it out later.
    pattern:
      /leader changed|request timed out|deadline exceeded|server stopped|context canceled|transport is closing/i,
    remedy: "another",
    outcome: "unknown",
    advice:
      "The cluster is slow, or lost its leader just now: check its members and their disks (etcdctl endpoint status).",
  },
  {
    pattern: /authentication is not enabled/i,
    remedy: "none",
    outcome: "void",
    advice: "etcd knows no users: leave out etcd_username, or switch authentication on.",
  },
  {
    pattern: /^(Not Found|HTTP status (404|405|501))$/,
    remedy: "another",
    outcome: "void",
    isLasting: true,
    advice:
      "Its JSON gateway is switched off (etcd needs --enable-grpc-gateway=true, the default), or this is no etcd of version 3.4 or newer.",
  },
];

const REFUSED =
  "etcd refuses the request itself. This may be a defect of whereabouts: please report it.";

/** What is not known by its text: https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
const byCode: Readonly<Record<number, GatewayFault>> = {
  3: { remedy: "none", outcome: "void", advice: REFUSED },
  7: { remedy: "none", outcome: "void", advice: "The user lacks a permission." },
  12: { remedy: "another", outcome: "void", advice: "This is no etcd of version 3.4 or newer." },
  16: {
    remedy: "authenticate",
    outcome: "void",
    advice: "Check etcd_username, and etcd_password or etcd_password_file.",
  },
};
