/**
 * Runs the tests part by part and counts them: `bun scripts/test.ts check|all`. The last line is
 * `N passed, N failed`, with `, N skipped` if any; exits 1 unless something passed and nothing failed.
 */
import { existsSync, readdirSync } from "node:fs";

/** One command whose outcome counts. */
interface Part {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether its output has bun's counts; else it is one test that its exit code decides. */
  readonly counts: boolean;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const BUN = "node_modules/.bin/bun";
const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

function tool(name: string, ...command: string[]): Part {
  return { name, command, counts: false };
}

function suite(path: string, ...options: string[]): Part {
  return { name: path, command: [BUN, "test", ...options, `./${path}`], counts: true };
}

const CHECKS: readonly Part[] = [
  tool("types", "node_modules/.bin/tsc", "-p", "."),
  tool("lint", "node_modules/.bin/oxlint"),
  tool("format", BUN, "fmt", "--check"),
  suite("test/imports.test.ts", "--only-failures"),
  suite("src", "--only-failures"),
];

/** The parts that `make check` runs, or all of them. */
function partsOf(mode: string): readonly Part[] {
  if (mode === "check") return CHECKS;
  const build = tool("build", "make", "build");
  const suites = readdirSync("test", { withFileTypes: true })
    .filter((entry) => entry.name !== "imports.test.ts")
    .filter((entry) => (entry.isDirectory() ? hasTests(entry.name) : isTest(entry.name)))
    .map((entry) => `test/${entry.name}`)
    .toSorted();
  return [...CHECKS, build, ...suites.map((path) => suite(path))];
}

function hasTests(folder: string): boolean {
  return readdirSync(`test/${folder}`, { recursive: true }).some((name) => isTest(String(name)));
}

function isTest(name: string): boolean {
  return name.endsWith(".test.ts");
}

/** Runs one part, passes its output on, and returns its counts and the reasons of its skips. */
async function run(part: Part): Promise<{ counts: Counts; reasons: readonly string[] }> {
  console.log(`\n== ${part.name}`);
  const child = Bun.spawn([...part.command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const outputs = await Promise.all([
    pass(child.stdout, process.stdout),
    pass(child.stderr, process.stderr),
  ]);
  const succeeded = (await child.exited) === 0;
  const lines = outputs.join("\n").split("\n");
  const reasons = lines.filter((line) => line.startsWith("skip: ")).map((line) => line.slice(6));
  const counts = part.counts ? countsIn(lines) : { ...NOTHING, passed: 1 };
  const flaw = flawOf(part, succeeded, counts, reasons);
  if (flaw === undefined) return { counts, reasons };
  console.log(`(fail) ${part.name}: ${flaw}`);
  return { counts: { ...counts, passed: part.counts ? counts.passed : 0, failed: 1 }, reasons };
}

/** What is wrong with a part beyond the failures that it counted itself. */
function flawOf(
  part: Part,
  succeeded: boolean,
  counts: Counts,
  reasons: readonly string[],
): string | undefined {
  if (counts.failed > 0) return undefined;
  if (!succeeded) return `\`${part.command.join(" ")}\` failed`;
  if (counts.passed + counts.skipped === 0) return "ran no test";
  if (counts.skipped > 0 && reasons.length === 0) return "skipped tests without a reason";
  return undefined;
}

async function pass(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of from) {
    to.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** The counts of the summary that `bun test` ends with; ` 1 error` is among its failures. */
function countsIn(lines: readonly string[]): Counts {
  const count = (word: string): number => {
    const line = lines.findLast((candidate) => new RegExp(`^ *[0-9]+ ${word}$`).test(candidate));
    return Number.parseInt(line ?? "0", 10);
  };
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") + count("todo") };
}

async function main(mode: string): Promise<number> {
  let total = NOTHING;
  const allReasons = new Set<string>();
  for (const part of partsOf(mode)) {
    const { counts, reasons } = await run(part);
    total = {
      passed: total.passed + counts.passed,
      failed: total.failed + counts.failed,
      skipped: total.skipped + counts.skipped,
    };
    for (const reason of reasons) allReasons.add(reason);
  }
  console.log("");
  for (const reason of allReasons) console.log(`skipped because of ${reason}`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

const [mode = "all"] = process.argv.slice(2);
if (!existsSync("package.json") || (mode !== "all" && mode !== "check")) {
  console.error("usage, in the root of the repository: bun scripts/test.ts check|all");
  process.exit(2);
}
process.exit(await main(mode));
