/** Malformed calls of the real executable: what it reads, where it is told to write, what it must not say. */
import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { isJsonObject } from "../../src/core/json.ts";
import { answerFaults, SECRET } from "./answer.ts";
import type { Outcome, StartOptions } from "./executable.ts";
import {
  answerOf,
  documentOf,
  environmentOf,
  EXECUTABLE,
  killLeftovers,
  NODE,
  start,
} from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import type { MalformedCall } from "./mutations.ts";
import { makeMalformedCall } from "./mutations.ts";
import { inParallel } from "./parallel.ts";
import { Pipe, closePipes } from "./pipe.ts";
import { makeRandom } from "./random.ts";

const CALLS = 300;

// Processes wait for their time limits while other tests run, so all is cleaned up at the end.
afterAll(async () => {
  await killLeftovers();
  closePipes();
  removeFolders();
});

/** Runs a call and returns all that is wrong with its answer. */
async function faultsOf(options: StartOptions): Promise<readonly string[]> {
  return check(options, await start(options).outcome);
}

function check({ environment }: StartOptions, outcome: Outcome): readonly string[] {
  const command = environment["CNI_COMMAND"] ?? "";
  // Without a command it speaks to people: 2 is a wrong call.
  const faults =
    command === ""
      ? answerFaults(undefined, { ...outcome, exitCode: 0, stdout: "" })
      : answerFaults(command, outcome);
  return faults.map((fault) => `${fault}: ${JSON.stringify(outcome).slice(0, 600)}`);
}

/**
 * Whether a document lets the executable write in a folder of the test at most: mutations name others, or the
 * default, and the test runs as root.
 */
function isConfined(stdin: Uint8Array, folder: string): boolean {
  let main: unknown;
  try {
    main = JSON.parse(new TextDecoder().decode(stdin));
  } catch {
    return true;
  }
  if (!isJsonObject(main)) return true;
  const { configuration } = parseConfiguration(main["ipam"], {
    main,
    inCluster: false,
    defaultDataDir: "/default",
  });
  const { store } = configuration;
  if (store?.kind === "etcd") return false;
  const paths = [store?.dataDir, configuration.logFile];
  return paths.every(
    (path) => path === undefined || (path.startsWith(`${folder}/`) && !path.includes("..")),
  );
}

/** Processes whose standard input is never closed, each with the time that it needs. */
const unending = ["ADD", "DEL", "VERSION"].map((command) => {
  const stdin = new Pipe();
  const call = { ...rightCall(), command };
  const environment = environmentOf(call);
  // A document that is whole makes no difference: only its end says so.
  if (command === "DEL") writeSync(stdin.writer, documentOf(call));
  return { command, process: start({ environment, stdin: stdin.reader }) };
});

test(`${CALLS} malformed calls are answered in the forms of the specification`, async () => {
  const random = makeRandom("malformed processes");
  const folder = makeFolder();
  const dataDir = join(folder, "data");
  const calls: MalformedCall[] = [];
  while (calls.length < CALLS) {
    const call = makeMalformedCall(random, dataDir);
    if (isConfined(call.stdin, folder)) calls.push(call);
  }
  const found = await inParallel(calls, 8, ({ environment, stdin }) =>
    faultsOf({ environment: { ...environment, NODENAME: NODE }, stdin }),
  );
  const faults = found.flatMap((of, index) =>
    of.map((fault) => `${fault} after ${JSON.stringify(calls[index]).slice(0, 600)}`),
  );
  expect(faults.slice(0, 5)).toEqual([]);
  const log = readFileSync(join(dataDir, "log"), "utf8");
  expect(log).toContain("failed");
  expect(log).not.toContain(SECRET);
}, 90_000);

/** A call that is right, in a folder of its own. */
function rightCall(more: JsonObject = {}) {
  const ipam = { range: "10.0.0.0/24", data_dir: join(makeFolder(), "data"), ...more };
  return { command: "ADD", containerId: "c1", ipam };
}

describe("standard input that", () => {
  const call = rightCall();
  const environment = environmentOf(call);

  test("is closed", async () => {
    const argv = ["/bin/sh", "-c", 'exec "$0" <&-', EXECUTABLE];
    const outcome = await start({ environment, argv }).outcome;
    expect(check({ environment }, outcome)).toEqual([]);
    expect(outcome.exitCode).toBe(1);
  }, 30_000);

  test("is a folder", async () => {
    const stdin = openSync("/", "r");
    try {
      const outcome = await start({ environment, stdin }).outcome;
      expect(check({ environment }, outcome)).toEqual([]);
      expect(answerOf(outcome)).toStartWith("5 Cannot read standard input");
    } finally {
      closeSync(stdin);
    }
  }, 30_000);

  for (const [title, path, expected] of [
    ["is empty", "/dev/null", "6 "],
    ["never ends", "/dev/zero", "7 The network configuration on standard input is larger than"],
  ] as const) {
    test(
      title,
      async () => {
        const stdin = openSync(path, "r");
        try {
          const outcome = await start({ environment, stdin }).outcome;
          expect(check({ environment }, outcome)).toEqual([]);
          expect(answerOf(outcome)).toStartWith(expected);
        } finally {
          closeSync(stdin);
        }
      },
      30_000,
    );
  }

  test("is exactly as large as may be, is read; a byte more is not", async () => {
    const document = documentOf(call);
    const whole = document + " ".repeat(1_048_576 - document.length);
    expect(answerOf(await start({ environment, stdin: whole }).outcome)).toBe("10.0.0.1");
    const more = await start({ environment, stdin: `${whole} ` }).outcome;
    expect(answerOf(more)).toStartWith("7 The network configuration");
  }, 30_000);

  for (const key of ["cniVersion", "name", "ipam", "prevResult", "runtimeConfig", "args"]) {
    test(`nests 100,000 levels deep in ${key}`, async () => {
      const deep = "[".repeat(100_000) + "]".repeat(100_000);
      const asAddresses = key === "prevResult" || key === "runtimeConfig";
      const value = asAddresses
        ? `{"ips":[{"address":${deep}}]}`
        : key === "args"
          ? `{"cni":{"ips":[${deep}]}}`
          : deep;
      const document: unknown = JSON.parse(documentOf(call));
      if (!isJsonObject(document)) throw new Error("no document");
      const { [key]: _, ...others } = document;
      const stdin = `${JSON.stringify(others).slice(0, -1)},"${key}":${value}}`;
      for (const command of ["ADD", "CHECK"]) {
        const options = { environment: { ...environment, CNI_COMMAND: command }, stdin };
        expect(await faultsOf(options)).toEqual([]);
      }
    }, 30_000);
  }

  test("nests 100,000 levels deep in an attachment", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const stdin = `{"cniVersion":"1.1.0","name":"n","ipam":{"type":"whereabouts","data_dir":"${call.ipam.data_dir}"},"cni.dev/attachments":[${deep}]}`;
    const options = { environment: { ...environment, CNI_COMMAND: "GC" }, stdin };
    expect(await faultsOf(options)).toEqual([]);
  }, 30_000);
});

describe("data_dir that is", () => {
  const places: readonly (readonly [string, () => string])[] = [
    ["a file", fileIn],
    ["below a file", () => join(fileIn(), "data")],
    ["/dev/null", () => "/dev/null"],
    ["/proc", () => "/proc"],
    ["below /proc", () => "/proc/whereabouts/data"],
    ["below /sys", () => "/sys/whereabouts"],
    ["too long", () => join(makeFolder(), "x".repeat(300))],
    ["full of slashes and dots", () => "/dev/.//../dev/./null"],
    ["a link to itself", linkToItself],
    ["a folder with a folder in place of the database", () => folderAs("whereabouts.db/x")],
    ["a folder with rubbish in place of the database", rubbish],
  ];
  for (const [title, place] of places) {
    test(`${title} fails with an error that names it`, async () => {
      const dataDir = place();
      const call = rightCall({ data_dir: dataDir });
      for (const command of ["ADD", "DEL", "CHECK", "STATUS", "GC"]) {
        const outcome = await start({
          environment: environmentOf({ ...call, command }),
          stdin: documentWith(call.ipam),
        }).outcome;
        expect(check({ environment: { CNI_COMMAND: command } }, outcome)).toEqual([]);
        expect(outcome.exitCode).toBe(1);
        expect(answerOf(outcome)).toContain(dataDir);
        expect(["5", "11", "50", "51"]).toContain(answerOf(outcome).split(" ")[0] ?? "");
      }
    }, 30_000);
  }
});

/** A document that suits every command. */
function documentWith(ipam: JsonObject): string {
  return JSON.stringify({
    cniVersion: "1.1.0",
    name: "net",
    ipam: { type: "whereabouts", ...ipam },
    prevResult: { ips: [] },
    "cni.dev/valid-attachments": [],
  });
}

function fileIn(): string {
  const path = join(makeFolder(), "file");
  writeFileSync(path, "text");
  return path;
}

function linkToItself(): string {
  const path = join(makeFolder(), "link");
  if (!Bun.spawnSync(["ln", "-s", path, path]).success) throw new Error("ln failed");
  return path;
}

function folderAs(path: string): string {
  const folder = makeFolder();
  if (!Bun.spawnSync(["mkdir", "-p", join(folder, path)]).success) throw new Error("mkdir failed");
  return folder;
}

function rubbish(): string {
  const folder = makeFolder();
  writeFileSync(join(folder, "whereabouts.db"), "rubbish ".repeat(4096));
  return folder;
}

describe("standard input that is never closed", () => {
  for (const { command, process: one } of unending) {
    const expected = command === "VERSION" ? "is not waited for" : "ends in an error after 10 s";
    test(`${expected} (${command})`, async () => {
      const outcome = await one.outcome;
      expect(check({ environment: { CNI_COMMAND: command } }, outcome)).toEqual([]);
      if (command === "VERSION") {
        expect(outcome.exitCode).toBe(0);
        expect(outcome.elapsedMs).toBeLessThan(5000);
      } else {
        expect(answerOf(outcome)).toStartWith("5 Standard input was not closed within 10 s");
        expect(outcome.elapsedMs).toBeWithin(9500, 14_000);
      }
    }, 30_000);
  }
});
