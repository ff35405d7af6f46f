/** Calls of the command line inside of the test's own process. */
import type { CliHost } from "../../src/cli/cli-host.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { FakeNode } from "../plugin-call.ts";
import { worldOf } from "../plugin-call.ts";

/** What a command printed. */
export interface CliAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Surroundings that a test may change. */
export interface CliSurroundings {
  /** What a person answers; undefined: there is no terminal. */
  readonly answer?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly hasColour?: boolean;
}

/** Runs a command on a node; its words are separated by single spaces. */
export async function callCli(
  node: FakeNode,
  command: string,
  surroundings: CliSurroundings = {},
): Promise<CliAnswer> {
  let stdout = "";
  let stderr = "";
  const host: CliHost = {
    version: "1.2.3",
    hasColour: surroundings.hasColour ?? false,
    defaultDataDir: "/var/lib/cni/whereabouts",
    now: () => node.wallMs,
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    readFile: (path) => {
      const text = surroundings.files?.[path];
      if (text === undefined) throw new Error("ENOENT: no such file");
      return text;
    },
    confirm: () => surroundings.answer,
    openWorld: async () => worldOf(node),
  };
  const exitCode = await runCommandLine(host, command === "" ? [] : command.split(" "));
  return { exitCode, stdout, stderr };
}
