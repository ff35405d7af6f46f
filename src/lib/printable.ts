/** Text from outside, as it may be shown. */

/**
 * A text with its control characters as escapes: none can steer a terminal, end a line, or turn the direction of
 * writing.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const escape = JSON.stringify(character).slice(1, -1);
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return escape === character ? `\\u${code}` : escape;
  });
}
