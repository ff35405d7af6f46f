/** Text for people: styles, tables, bars, durations. */

/** Styles that are plain text where nobody sees colours. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** ANSI styles, or none. */
export function makeStyle(hasColour: boolean): Style {
  const wrap = (code: number) => (text: string) =>
    hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: wrap(1), dim: wrap(2), good: wrap(32), warn: wrap(33), bad: wrap(31) };
}

/** Rows as aligned lines, two spaces between columns; `least` are widths that columns have at the least. */
export function formatTable(
  rows: readonly (readonly string[])[],
  least: readonly number[] = [],
): string {
  const widths = columnWidths(rows, least);
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + padding(cell, widths[column] ?? 0),
        )
        .join("  "),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** The width that each column of a table needs. */
export function columnWidths(
  rows: readonly (readonly string[])[],
  least: readonly number[] = [],
): readonly number[] {
  const columns = Math.max(least.length, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.max(least[column] ?? 0, ...rows.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
}

function padding(cell: string, width: number): string {
  return " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}

/** A bar of `width` characters, of which a share between 0 and 1 is filled: at least one where it is not 0, not all where it is not 1. */
export function formatBar(share: number, width: number): string {
  const full = Math.round(share * width);
  const filled = share <= 0 ? 0 : share >= 1 ? width : Math.min(width - 1, Math.max(1, full));
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** A count that may be enormous: exact up to a million million, then as a power of ten. */
export function formatCount(count: bigint): string {
  if (count < 1_000_000_000_000n) return count.toLocaleString("en");
  const [mantissa = "", exponent = ""] = Number(count).toExponential(1).split("e+");
  return `${mantissa}×10^${exponent}`;
}

/** How long something took or has lasted, in its two largest units: `3d 4h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const start = parts.findIndex(([value]) => value > 0);
  if (start < 0) return "0s";
  return parts
    .slice(start, start + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(" ");
}
