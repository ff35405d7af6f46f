/** The table of results, for people: Markdown that also reads well on a terminal. */
import { cpus, release, tmpdir } from "node:os";

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly floor: string;
  readonly ours: string;
  readonly ratio: string;
  readonly budget: string;
  readonly verdict: "pass" | "falls short" | "stated" | "not measured";
}

/** On what side of a limit a ratio must be; undefined: it is only stated. */
export type Budget = { readonly kind: "most" | "least"; readonly ratio: number } | undefined;

/** A row with its ratio judged. */
export function judgedRow(
  what: string,
  figures: { readonly floor: string; readonly ours: string; readonly ratio: number },
  budget: Budget,
): Row {
  const { floor, ours, ratio } = figures;
  const row = { what, floor, ours, ratio: `${ratio.toFixed(2)} ×` };
  if (budget === undefined) return { ...row, budget: "", verdict: "stated" };
  const isMost = budget.kind === "most";
  const passes = isMost ? ratio <= budget.ratio : ratio >= budget.ratio;
  const limit = `${isMost ? "≤" : "≥"} ${budget.ratio} ×`;
  return { ...row, budget: limit, verdict: passes ? "pass" : "falls short" };
}

/** A row that could not be measured, with the reason. */
export function unmeasuredRow(what: string, reason: string): Row {
  return { what, floor: "", ours: reason, ratio: "", budget: "", verdict: "not measured" };
}

/** Milliseconds with as many digits as mean something. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** Calls a second. */
export function formatRate(rate: number): string {
  return `${rate.toFixed(rate < 10 ? 1 : 0)}/s`;
}

/** The report: what was measured where, then the table. */
export async function formatReport(
  rows: readonly Row[],
  facts: readonly string[],
): Promise<string> {
  const lines = [...(await machineFacts()), ...facts].map((fact) => `- ${fact}`);
  return ["# Benchmark of whereabouts", "", ...lines, "", ...tableLines(rows), ""].join("\n");
}

function tableLines(rows: readonly Row[]): readonly string[] {
  const cells = [
    ["what", "floor", "ours", "ratio", "budget", ""],
    ...rows.map((row) => [row.what, row.floor, row.ours, row.ratio, row.budget, row.verdict]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(3, ...cells.map((line) => (line[column] ?? "").length)),
  );
  const [head = "", ...body] = cells.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body];
}

async function machineFacts(): Promise<readonly string[]> {
  const [cpu] = cpus();
  const fileSystem = (await Bun.$`stat -f -c %T ${tmpdir()}`.nothrow().quiet().text()).trim();
  const commit = (await Bun.$`git rev-parse --short HEAD`.nothrow().quiet().text()).trim();
  const changes = (await Bun.$`git status --porcelain`.nothrow().quiet().text()).trim();
  return [
    `date: ${new Date().toISOString().slice(0, 16)}Z`,
    `commit: ${commit || "none"}${changes === "" ? "" : " with uncommitted changes"}`,
    `machine: ${cpus().length} × ${cpu?.model ?? "unknown"}, Linux ${release()}, data on ${fileSystem}`,
    `Bun ${Bun.version}`,
  ];
}
