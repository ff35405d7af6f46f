/** Which known key was meant by an unknown one. */

/** Longer keys are not misspelt ones; the bound also bounds the cost. */
const longestCompared = 40;

/**
 * The known key nearest to an unknown one: equal but for case, `_` and `-`, else with the fewest insertions,
 * deletions and replacements, if these are few for its length. Undefined if none is near.
 */
export function nearestKey(unknown: string, keys: readonly string[]): string | undefined {
  if (unknown.length > longestCompared) return undefined;
  const wanted = fold(unknown);
  const same = keys.find((key) => fold(key) === wanted);
  if (same !== undefined) return same;
  let best: string | undefined;
  let bestDistance = 1 + (wanted.length <= 4 ? 1 : wanted.length <= 10 ? 2 : 3);
  for (const key of keys) {
    const distance = editDistance(wanted, fold(key));
    if (distance < bestDistance) {
      best = key;
      bestDistance = distance;
    }
  }
  return best;
}

function fold(key: string): string {
  return key.toLowerCase().replaceAll(/[_-]/g, "");
}

/** How many insertions, deletions and replacements of single characters lead from `a` to `b` (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const deleted = (previous[column] ?? 0) + 1;
      const inserted = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, deleted, inserted));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
