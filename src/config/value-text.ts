/** Values of a configuration as messages show them: short, bounded in cost, without secrets. */

const shownLength = 80;
const shownDepth = 2;
const shownItems = 8;

const secretKey = /pass|token|secret|credential|username/i;

/** Whether the value of a key is never shown. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/**
 * The JSON text of a value, cut to about 80 characters; the value of a secret key, also within an object, and a text
 * with `user:password@` in it, is `(hidden)`. Empty for undefined. The cost is bounded, whatever the size and depth of
 * the value.
 */
export function formatValue(value: unknown, key: string): string {
  if (value === undefined) return "";
  return cut(show(value, key, 0));
}

/** A key as a part of a path: as it is where it is short and plain, else as JSON text. */
export function formatKey(key: string): string {
  return /^[\w.-]{1,40}$/.test(key) ? key : cut(JSON.stringify(key.slice(0, shownLength)));
}

function isEtcdKey(key: string): boolean {
  return /^etcd_/i.test(key);
}

/** Whether a text may hold `user:password@`, or is an endpoint with `user@`. */
function hasCredentials(text: string, key: string): boolean {
  return text.includes("@") && (text.includes(":") || isEtcdKey(key));
}

function cut(text: string): string {
  return text.length <= shownLength ? text : `${text.slice(0, shownLength - 1).toWellFormed()}…`;
}

function show(value: unknown, key: string, depth: number): string {
  if (isSecretKey(key)) return "(hidden)";
  if (typeof value === "string")
    return hasCredentials(value, key) ? "(hidden)" : JSON.stringify(value.slice(0, shownLength));
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) {
    if (depth === shownDepth) return "[…]";
    const items = value.slice(0, shownItems).map((item) => show(item, key, depth + 1));
    return `[${[...items, ...(value.length > shownItems ? ["…"] : [])].join(",")}]`;
  }
  if (depth === shownDepth || isEtcdKey(key)) return "{…}";
  const entries = Object.entries(value);
  const shown = entries
    .slice(0, shownItems)
    .map(([name, item]) => `${formatKey(name)}:${show(item, name, depth + 1)}`);
  return `{${[...shown, ...(entries.length > shownItems ? ["…"] : [])].join(",")}}`;
}
