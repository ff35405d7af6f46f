/** The one hierarchy of errors. Foreign errors become ours once, in the store or edge that met them. */

/** What went wrong, for every edge to translate into its own codes. */
export type ErrorCode =
  /** The CNI version is unknown, or lacks this command. */
  | "incompatible-version"
  /** An environment variable is missing or malformed. */
  | "invalid-environment"
  /** A local file or stream could not be read or written. */
  | "input-output"
  /** A document is not JSON, or not of the shape that CNI demands. */
  | "undecodable"
  /** The configuration is wrong, or what it asks for contradicts what is held. */
  | "invalid-configuration"
  /** CNI_NETNS is the network namespace of the plugin itself. */
  | "own-namespace"
  /** Nothing is wrong with the request; it may succeed later. */
  | "try-later"
  /** No address of a range is free. */
  | "range-full"
  /** A requested address is held by another owner, or rests. */
  | "address-taken"
  /** A requested address is one that is never given out. */
  | "address-unavailable"
  /** CHECK found that what is held is not what it should be. */
  | "check-mismatch"
  /** The store cannot be used. */
  | "store-unavailable"
  /** The store's data are damaged: what existing containers hold is no longer protected. */
  | "store-damaged"
  /** A defect of this program. */
  | "internal";

/** An error of whereabouts: `message` names the thing, the reason and the value. */
export class WhereaboutsError extends Error {
  override readonly name = "WhereaboutsError";
  readonly code: ErrorCode;
  /** More about the error for a person: what to do, or each fault on its line. */
  readonly details: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
