/** Logging in: etcd gives a token for a user's name and password, and takes it back when it likes. */
import type { Failure } from "./failure.ts";

/** Where requests are to ask for a token. */
export const LOGIN = "/v3/auth/authenticate";

/**
 * What requests carry after a login that was answered like this: a token, or "" where etcd knows no users, which is
 * no fault: a configuration may be ready for users before etcd is, as for etcd's own client. Undefined: it failed.
 */
export function tokenOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  if ("token" in answer)
    return typeof answer.token === "string" && answer.token !== "" ? answer.token : undefined;
  return "reason" in answer && isWithoutUsers(String(answer.reason)) ? "" : undefined;
}

function isWithoutUsers(reason: string): boolean {
  return /authentication is not enabled/.test(reason);
}

/** A login that failed, as the failure of the request that needed it: that was not even sent. */
export function failureOfLogin(failure: Failure): Failure {
  return { ...failure, outcome: "void", reason: `(asked to log in) ${failure.reason}` };
}
