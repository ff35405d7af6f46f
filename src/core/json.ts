/** Shapes of parsed JSON. */

/** A JSON object whose members have not been looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses JSON. Throws a `SyntaxError` whose message quotes nothing of the text, which may hold a secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    // Single characters in quotes are JSON's own: Expected '}'.
    const reason = message.replace(/(["`]|'.[^']).*$/s, "").trim();
    throw new SyntaxError(text.trim() === "" ? "unexpected end of JSON input" : reason);
  }
}

/** A member by its key, or by one that differs in case alone, as Go's decoder has it. */
export function memberOf(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  const folded = key.toLowerCase();
  const written = Object.keys(object).find((other) => other.toLowerCase() === folded);
  return written === undefined ? undefined : object[written];
}

/** Whether a parsed value is a JSON object (no array, no null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
