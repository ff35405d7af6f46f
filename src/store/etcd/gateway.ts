/**
 * The shapes of etcd's JSON gateway (v3 API): what is sent and what comes back.
 * https://etcd.io/docs/v3.5/dev-guide/api_reference_v3/ · keys and values travel in Base64, 64-bit numbers as text,
 * and what has its default value is left out.
 */

/** One thing that a transaction does. */
export type Operation =
  | { readonly request_range: RangeRequest }
  | { readonly request_put: { readonly key: string; readonly value: string; lease?: string } }
  | { readonly request_delete_range: { readonly key: string } }
  | { readonly request_txn: Transaction };

/** What is read: one key, or all from `key` to below `range_end`. */
export interface RangeRequest {
  readonly key: string;
  readonly range_end?: string;
  readonly limit?: number;
  readonly count_only?: boolean;
  readonly keys_only?: boolean;
  readonly revision?: string;
}

/** One condition of a transaction. */
export interface Comparison {
  readonly key: string;
  readonly range_end?: string;
  readonly target: "MOD" | "CREATE" | "VALUE";
  readonly result: "EQUAL" | "GREATER" | "NOT_EQUAL";
  readonly mod_revision?: string;
  readonly create_revision?: string;
  readonly value?: string;
}

/** All conditions hold: `success`, else `failure`. */
export interface Transaction {
  readonly compare: readonly Comparison[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

/** A key that exists. */
export interface KeyValue {
  /** A character for each byte: a foreign key need not be text, and is to be found again. */
  readonly key: string;
  readonly value: string;
  /** The revision of the write that made this value. */
  readonly modRevision: number;
  readonly createRevision: number;
}

/** What a read found. */
export interface Found {
  readonly kind: "found";
  readonly entries: readonly KeyValue[];
  /** How many keys there are, whatever the limit. */
  readonly count: number;
}

/** What a transaction did, operation by operation. */
export interface Outcome {
  readonly kind: "outcome";
  readonly succeeded: boolean;
  readonly results: readonly (Found | Outcome | Written)[];
}

/** A write tells nothing but that it was done. */
export interface Written {
  readonly kind: "written";
}

/** A whole answer. */
export interface Answer extends Outcome {
  /** The revision of the store after it. */
  readonly revision: number;
}

/** Keys and values of ours are ASCII; the values that others wrote are UTF-8. */
function encode(text: string): string {
  return btoa(text);
}

function decode(base64: string): string {
  const text = atob(base64);
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(text) ? text : new TextDecoder().decode(Buffer.from(base64, "base64"));
}

/** A value as JSON in ASCII, as it stands in etcd. */
export function valueText(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Reads one key. */
export function get(key: string): Operation {
  return { request_range: { key: encode(key) } };
}

/** Reads one key without its value. */
export function getKey(key: string): Operation {
  return { request_range: { key: encode(key), keys_only: true } };
}

/** Reads one key as it was at a revision. */
export function getAt(key: string, revision: number | undefined): Operation {
  return {
    request_range: {
      key: encode(key),
      ...(revision !== undefined && { revision: String(revision) }),
    },
  };
}

/** The least key above all that begin with `prefix`. */
export function prefixEnd(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

/** A span of keys: `first` is included, `end` is not. */
export interface Span {
  readonly first: string;
  readonly end: string;
}

/** All keys with a prefix. */
export function spanOf(prefix: string): Span {
  return { first: prefix, end: prefixEnd(prefix) };
}

/** Reads a span of keys. */
export function getSpan(
  { first, end }: Span,
  options: { limit?: number; revision?: number; keysOnly?: boolean } = {},
): Operation {
  const { limit, revision, keysOnly } = options;
  return {
    request_range: {
      key: encode(first),
      range_end: encode(end),
      ...(limit !== undefined && { limit }),
      ...(revision !== undefined && { revision: String(revision) }),
      ...(keysOnly === true && { keys_only: true }),
    },
  };
}

/** Counts the keys of a span. */
export function countSpan({ first, end }: Span): Operation {
  return { request_range: { key: encode(first), range_end: encode(end), count_only: true } };
}

/** Writes a key. */
export function put(key: string, value: string, lease?: string): Operation {
  return {
    request_put: { key: encode(key), value: encode(value), ...(lease !== undefined && { lease }) },
  };
}

/** Writes a value of others, as it was read: that of a {@link KeyValue} is decoded UTF-8. */
export function putText(key: string, text: string): Operation {
  return { request_put: { key: encode(key), value: Buffer.from(text).toString("base64") } };
}

/** Removes a key, if it is there. */
export function remove(key: string): Operation {
  return { request_delete_range: { key: encode(key) } };
}

/** A transaction within a transaction. */
export function nested(transaction: Transaction): Operation {
  return { request_txn: transaction };
}

/** The key was last written at this revision; 0: it is not there. */
export function writtenAt(key: string, revision: number): Comparison {
  return {
    key: encode(key),
    target: "MOD",
    result: "EQUAL",
    mod_revision: String(revision),
  };
}

/** The key was made at this revision; 0: it is not there. */
export function createdAt(key: string, revision: number): Comparison {
  return {
    key: encode(key),
    target: "CREATE",
    result: "EQUAL",
    create_revision: String(revision),
  };
}

/** There is such a key. */
export function exists(key: string): Comparison {
  return { key: encode(key), target: "CREATE", result: "GREATER", create_revision: "0" };
}

/** There is no key in the span. What is there would be read, so it is cheap only where there is little. */
export function isEmptySpan({ first, end }: Span): Comparison {
  return {
    key: encode(first),
    range_end: encode(end),
    target: "CREATE",
    result: "EQUAL",
    create_revision: "0",
  };
}

/** The key has this value. */
export function hasValue(key: string, value: string): Comparison {
  return { key: encode(key), target: "VALUE", result: "EQUAL", value: encode(value) };
}

/** The answer of `/v3/kv/txn`; undefined if this is none. */
export function parseAnswer(body: unknown): Answer | undefined {
  if (!isRecord(body) || !isRecord(body["header"])) return undefined;
  const revision = Number(body["header"]["revision"]);
  if (!Number.isSafeInteger(revision) || revision < 0) return undefined;
  const outcome = parseOutcome(body);
  return outcome === undefined ? undefined : { ...outcome, revision };
}

function parseOutcome(body: Record<string, unknown>): Outcome | undefined {
  const { succeeded = false, responses = [] } = body;
  if (typeof succeeded !== "boolean" || !Array.isArray(responses)) return undefined;
  const results: (Found | Outcome | Written)[] = [];
  for (const response of responses as readonly unknown[]) {
    const result = isRecord(response) ? parseResult(response) : undefined;
    if (result === undefined) return undefined;
    results.push(result);
  }
  return { kind: "outcome", succeeded, results };
}

function parseResult(response: Record<string, unknown>): Found | Outcome | Written | undefined {
  const { response_range: range, response_txn: transaction } = response;
  if (isRecord(transaction)) return parseOutcome(transaction);
  if (!isRecord(range)) return { kind: "written" };
  const { kvs = [], count = "0" } = range;
  if (!Array.isArray(kvs)) return undefined;
  const entries: KeyValue[] = [];
  for (const kv of kvs as readonly unknown[]) {
    if (!isRecord(kv) || typeof kv["key"] !== "string") return undefined;
    const { key, value = "" } = kv;
    if (typeof value !== "string") return undefined;
    entries.push({
      key: atob(key),
      value: decode(value),
      modRevision: Number(kv["mod_revision"]),
      createRevision: Number(kv["create_revision"]),
    });
  }
  return { kind: "found", entries, count: Number(count) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
