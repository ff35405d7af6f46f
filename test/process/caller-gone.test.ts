/** Whoever asked is gone before the plugin claims: nothing is held afterwards. */
import { afterEach, describe, expect, test } from "bun:test";
import { writeSync } from "node:fs";
import {
  documentOf,
  environmentOf,
  EXECUTABLE,
  heldLines,
  killLeftovers,
  run,
  start,
  startCall,
} from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { Pipe, closePipes } from "./pipe.ts";

afterEach(async () => {
  await killLeftovers();
  closePipes();
  removeFolders();
});

function addIn(dataDir: string) {
  return {
    command: "ADD",
    containerId: "orphan",
    ipam: { range: "10.0.0.0/24", data_dir: dataDir },
  };
}

describe("an ADD whose caller", () => {
  test("closed its standard output before it wrote the configuration holds nothing", async () => {
    const dataDir = makeFolder();
    const [stdin, stdout] = [new Pipe(), new Pipe()];
    const call = addIn(dataDir);
    const add = startCall(call, { stdin: stdin.reader, stdout: stdout.writer });
    stdin.closeReader();
    stdout.closeWriter();
    stdout.closeReader();
    writeSync(stdin.writer, documentOf(call));
    stdin.closeWriter();
    const { exitCode, stderr } = await add.outcome;
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Whoever asked has gone");
    expect(await heldLines(dataDir)).toEqual([]);
  }, 30_000);

  test("closed its standard output keeps what an earlier ADD answered with", async () => {
    const dataDir = makeFolder();
    const call = addIn(dataDir);
    await run(call);
    const stdout = new Pipe();
    const add = startCall(call, { stdout: stdout.writer });
    stdout.closeWriter();
    stdout.closeReader();
    expect((await add.outcome).exitCode).toBe(1);
    expect(await heldLines(dataDir)).toEqual(["10.0.0.1 orphan"]);
  }, 30_000);

  test("was killed while the plugin waited for the configuration holds nothing", async () => {
    const dataDir = makeFolder();
    const call = addIn(dataDir);
    const [stdin, stderr] = [new Pipe(), new Pipe()];
    // A parent that starts the plugin with a pipe of its own for the answer, says so, and waits for ever.
    const parent = start({
      environment: environmentOf(call),
      argv: [process.execPath, "-e", PARENT, EXECUTABLE],
      stdin: stdin.reader,
      stderr: stderr.writer,
      onOutput: () => parent.kill("SIGKILL"),
    });
    stdin.closeReader();
    stderr.closeWriter();
    expect((await parent.outcome).signal).toBe("SIGKILL");
    writeSync(stdin.writer, documentOf(call));
    stdin.closeWriter();
    // The end of standard error is the end of the orphan.
    expect(stderr.drain()).toContain("Whoever asked has gone");
    expect(await heldLines(dataDir)).toEqual([]);
  }, 30_000);
});

const PARENT = `
const [executable] = process.argv.slice(1);
Bun.spawn([executable], { stdin: 0, stdout: "pipe", stderr: "inherit" });
console.log("started");
await Bun.sleep(60_000);
`;
