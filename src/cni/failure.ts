/** Errors in the form that runtimes read: https://www.cni.dev/docs/spec/#error. */
import type { ErrorCode } from "../core/error.ts";
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { Command } from "./environment.ts";
import type { CniVersion } from "../config/cni-version.ts";

/** The CNI code of each of our errors; 100 and above are the plugin's own. */
const codes: Readonly<Record<ErrorCode, number>> = {
  "incompatible-version": 1,
  "invalid-environment": 4,
  "input-output": 5,
  undecodable: 6,
  "invalid-configuration": 7,
  "own-namespace": 8,
  "try-later": 11,
  "store-unavailable": 11,
  "store-damaged": 5,
  "range-full": 100,
  "address-taken": 101,
  "address-unavailable": 102,
  "check-mismatch": 103,
  internal: 199,
};

/** STATUS has codes of its own: 50, nothing can be added; 51, and what exists is impaired as well. */
const statusCodes: Partial<Record<ErrorCode, number>> = {
  "input-output": 50,
  "try-later": 50,
  "store-unavailable": 50,
  "range-full": 50,
  "store-damaged": 51,
};

/** Anything thrown as an error of ours; what is not one is a defect of this program. */
export function asWhereaboutsError(error: unknown): WhereaboutsError {
  if (error instanceof WhereaboutsError) return error;
  return new WhereaboutsError("internal", `Internal error: ${errorMessage(error)}`, {
    cause: error,
  });
}

/** The JSON document of an error. */
export function formatFailure(
  error: WhereaboutsError,
  command: Command | undefined,
  cniVersion: CniVersion,
): string {
  const code = (command === "STATUS" ? statusCodes[error.code] : undefined) ?? codes[error.code];
  const { message: msg, details } = error;
  return JSON.stringify(
    { cniVersion, code, msg, ...(details !== undefined && { details }) },
    null,
    4,
  );
}
