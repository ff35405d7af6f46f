/**
 * Who may import whom in src/, held against the sources: imports point down only (docs/architecture.md).
 * Test files beside the sources may import anything, and nothing imports them.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

/**
 * The table. A layer may import itself and what is listed: layers further up in this table, `builtin`
 * (`node:` and `bun:`), or `type FILE`, which is no more than `import type` from that one file.
 * No layer imports npm packages: the executable is made of what stands here.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  lib: ["builtin"],
  host: ["core", "lib", "builtin"],
  config: ["core", "lib"],
  store: ["core", "lib", "builtin"],
  journal: ["core", "lib", "builtin"],
  ipam: ["core", "type lib/log.ts", "type store/store.ts", "journal"],
  rpc: ["core", "lib", "builtin"],
  cni: ["core", "lib", "config", "type store/store.ts", "ipam", "rpc", "builtin"],
  cli: ["core", "lib", "host", "config", "store", "ipam", "builtin"],
};

/** What stands in src/ itself wires everything together; no layer imports it. */
const WIRING: ReadonlySet<string> = new Set(["main.ts", "open-world.ts"]);

const LONGEST_FILE_LINES = 300;
const KEBAB_CASE_PATH = /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/;
/** Names that say nothing of what is in a file; `index.ts` would be a barrel. */
const EMPTY_NAMES = /(^|[/-])(index|utils?|common|helpers?|manager|misc)(\/|\.ts$)/;

/** One import or re-export, as written. */
interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Every import and re-export of a source, of types too, and `import()` with a literal. */
function importsOf(source: string): readonly Import[] {
  const statement =
    /^(?:import|export)\s+(?<type>type\s)?(?:[\w\s{},*$]*?\sfrom\s+|[\w\s{},*$]*?\}\s*from\s+)?["'](?<from>[^"']+)["']|\b(?:import|require)\(\s*["'](?<call>[^"']+)["']/gm;
  return [...source.matchAll(statement)].map(({ groups = {} }) => ({
    specifier: groups["from"] ?? groups["call"] ?? "",
    typeOnly: groups["type"] !== undefined,
  }));
}

/** All that is wrong in a set of sources: path below src/ to text. */
function violationsOf(sources: ReadonlyMap<string, string>): readonly string[] {
  return [...sources].flatMap(([path, source]) => [
    ...violationsOfFile(path, source),
    ...(isTest(path) ? [] : violationsOfImports(path, source)),
  ]);
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function violationsOfFile(path: string, source: string): readonly string[] {
  const lines = source.trimEnd().split("\n").length;
  const folder = folderOf(path);
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const isDefault = /^export\s+default\b|^export\s*\{[^}]*\bdefault\b[^}]*\}/m.test(code);
  return [
    ...(KEBAB_CASE_PATH.test(path) ? [] : [`${path}: is not in kebab-case`]),
    ...(EMPTY_NAMES.test(path) ? [`${path}: has a name that says nothing`] : []),
    ...(lines > LONGEST_FILE_LINES ? [`${path}: has ${lines} lines`] : []),
    ...(isDefault ? [`${path}: has a default export`] : []),
    ...(isBarrel(code) ? [`${path}: only re-exports`] : []),
    ...(WIRING.has(path) || folder in LAYERS ? [] : [`${path}: is in no layer of the table`]),
  ];
}

function isBarrel(code: string): boolean {
  const reExport =
    /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+["'][^"']+["'];?/gm;
  return reExport.test(code) && code.replaceAll(reExport, "").trim() === "";
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function violationsOfImports(path: string, source: string): readonly string[] {
  const found = importsOf(source);
  const known = new Set(found.map(({ specifier }) => specifier));
  // Bun sees values only, but by a real parser: what it finds must have been found here.
  const overlooked = new Bun.Transpiler({ loader: "ts" })
    .scanImports(source)
    .filter((each) => !known.has(each.path));
  return [
    ...overlooked.map(
      (each) => `${path}: imports ${each.path} in a way that this test cannot read`,
    ),
    ...found.flatMap((each) => violationOfImport(path, each) ?? []),
  ];
}

function violationOfImport(path: string, { specifier, typeOnly }: Import): string | undefined {
  const complaint = `${path}: may not import ${specifier}`;
  const layer = folderOf(path);
  const allowed = LAYERS[layer] ?? [];
  const isWiring = WIRING.has(path);
  if (!specifier.startsWith(".")) {
    const isBuiltin = /^(node|bun):/.test(specifier) || specifier === "bun";
    return isBuiltin && (isWiring || allowed.includes("builtin")) ? undefined : complaint;
  }
  const target = join(path, "..", specifier);
  if (target.startsWith("..") || isTest(target)) return complaint;
  if (isWiring) return undefined;
  const targetLayer = folderOf(target);
  if (targetLayer === layer) {
    const [engine, other] = [engineOf(path), engineOf(target)];
    const crosses = engine !== undefined && other !== undefined && engine !== other;
    return crosses ? complaint : undefined;
  }
  if (allowed.includes(targetLayer)) return undefined;
  return typeOnly && allowed.includes(`type ${target}`) ? undefined : complaint;
}

/** The store's engine to which a file belongs: `store/sqlite/schema.ts` is of `sqlite`. */
function engineOf(path: string): string | undefined {
  return /^store\/([^/]+)\//.exec(path)?.[1];
}

test("src/ keeps to the table", async () => {
  const root = join(import.meta.dir, "..", "src");
  const paths = [...new Bun.Glob("**/*").scanSync({ cwd: root, dot: true })].toSorted();
  const sources = new Map<string, string>();
  for (const path of paths) sources.set(path, await Bun.file(join(root, path)).text());
  expect(sources.size).toBeGreaterThan(5);
  expect(violationsOf(sources)).toEqual([]);
});

test("the table points down only", () => {
  const order = Object.keys(LAYERS);
  for (const [index, layer] of order.entries()) {
    const above = new Set([...order.slice(0, index), "builtin"]);
    const others = (LAYERS[layer] ?? []).map((each) => each.replace(/^type (\w+)\/.*$/, "$1"));
    expect(others.filter((each) => !above.has(each))).toEqual([]);
  }
});

const sound: readonly (readonly [path: string, source: string])[] = [
  ["core/a.ts", `import { b } from "./b.ts";\n/** import x from "node:fs" */`],
  ["lib/a.ts", `import { readFileSync } from "node:fs";\nimport { x } from "bun";`],
  [
    "store/sqlite/a.ts",
    `import { Database } from "bun:sqlite";\nimport type { S } from "../store.ts";`,
  ],
  ["store/sqlite/a.ts", `import {\n  a,\n  type B,\n} from "../../core/b.ts";`],
  ["ipam/a.ts", `import type { Store } from "../store/store.ts";`],
  ["core/a.test.ts", `import { x } from "../store/sqlite/x.ts";\nimport fc from "fast-check";`],
  ["main.ts", `await import("./store/sqlite/x.ts");\nimport "node:fs";`],
];

test.each(sound)("violationsOf() accepts %s with %j", (path, source) => {
  expect(violationsOf(new Map([[path, source]]))).toEqual([]);
});

const faulty: readonly (readonly [path: string, source: string, complaint: string])[] = [
  ["core/a.ts", `import { readFileSync } from "node:fs";`, "may not import node:fs"],
  ["core/a.ts", `import "bun:sqlite";`, "may not import bun:sqlite"],
  ["core/a.ts", `import type { S } from "../store/store.ts";`, "may not import ../store/store.ts"],
  ["core/a.ts", `export { s } from "../lib/s.ts"; const a = 1;`, "may not import ../lib/s.ts"],
  ["core/a.ts", `export * from "../lib/s.ts"; const a = 1;`, "may not import ../lib/s.ts"],
  ["core/a.ts", `const s = await import("../lib/s.ts");`, "may not import ../lib/s.ts"],
  ["core/a.ts", `const a = 1; import s from "../lib/s.ts"; s();`, "cannot read"],
  ["core/a.ts", `import {\n  a,\n  b,\n} from "../lib/s.ts";`, "may not import ../lib/s.ts"],
  ["core/a.ts", `import { b } from "./b.test.ts";`, "may not import ./b.test.ts"],
  ["lib/a.ts", `import { x } from "../core/x.ts";`, "may not import ../core/x.ts"],
  ["ipam/a.ts", `import { s } from "../store/store.ts";`, "may not import ../store/store.ts"],
  ["ipam/a.ts", `import type { S } from "../store/sqlite/s.ts";`, "may not import ../store/sqlite"],
  ["ipam/a.ts", `import { hostname } from "node:os";`, "may not import node:os"],
  ["store/etcd/a.ts", `import { b } from "../sqlite/b.ts";`, "may not import ../sqlite/b.ts"],
  ["cli/a.ts", `import { b } from "../main.ts";`, "may not import ../main.ts"],
  ["ipam/a.ts", `import { openLog } from "../lib/log.ts";`, "may not import ../lib/log.ts"],
  ["main.ts", `import { fill } from "../test/fill.ts";`, "may not import ../test/fill.ts"],
  ["main.ts", `import fc from "fast-check";`, "may not import fast-check"],
  ["other/a.ts", "", "in no layer"],
  ["other.ts", "", "in no layer"],
  ["core/index.ts", "", "says nothing"],
  ["core/string-utils.ts", "", "says nothing"],
  ["core/aFile.ts", "", "kebab-case"],
  ["core/a.js", "", "kebab-case"],
  ["core/a.ts", "\n".repeat(300) + "x", "has 301 lines"],
  ["core/a.ts", "export default 1;", "default export"],
  ["core/a.ts", "const a = 1;\nexport { a as default };", "default export"],
  ["core/a.ts", `/** All. */\nexport { b } from "./b.ts";\nexport * from "./c.ts";`, "re-exports"],
];

test.each(faulty)("violationsOf() rejects %s with %j", (path, source, complaint) => {
  const violations = violationsOf(new Map([[path, source]]));
  expect(violations).toHaveLength(1);
  expect(violations[0]).toContain(complaint);
});
