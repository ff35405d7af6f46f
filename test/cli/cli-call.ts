/** Calls of the command line inside of the test's own process. */
import type { CliHost } from "../../src/cli/cli-host.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { StoreChoice } from "../../src/config/configuration.ts";
import type { FakeNode } from "../plugin-call.ts";
import { call, pod } from "../ipam/calls.ts";
import { makeNode, pass, worldOf } from "../plugin-call.ts";

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
  readonly isErrorTerminal?: boolean;
  readonly isPiped?: boolean;
  /** Wall time in milliseconds; default: the node's, which stands still. */
  readonly now?: () => number;
  /** Gets every store that is opened. */
  readonly opened?: StoreChoice[];
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
    isErrorTerminal: surroundings.isErrorTerminal ?? false,
    isPiped: () => surroundings.isPiped ?? false,
    defaultDataDir: "/var/lib/cni/whereabouts",
    now: surroundings.now ?? (() => node.wallMs),
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    readFile: (path) => {
      const text = surroundings.files?.[path];
      if (text === undefined) throw new Error("ENOENT: no such file");
      return text;
    },
    confirm: () => surroundings.answer,
    openEtcd: () => {
      throw new Error("no etcd here");
    },
    openWorld: async ({ choice }) => {
      surroundings.opened?.push(choice);
      return worldOf(node);
    },
  };
  const exitCode = await runCommandLine(host, command === "" ? [] : command.split(" "));
  return { exitCode, stdout, stderr };
}

/** Runs `check-config` on a document. */
export async function checkConfig(document: object, option = ""): Promise<CliAnswer> {
  return await callCli(makeNode(), `check-config x.conf${option}`, {
    files: { "x.conf": JSON.stringify(document) },
  });
}

/** A range of five addresses, which rest for a while. */
export const ipam = {
  datastore: "local",
  range: "10.0.0.0/29",
  gateway: "10.0.0.1",
  reuse_delay: 90,
};

/** A node with a pod and a container that hold, one that rests, and one in another network. */
export async function makeBusyNode(): Promise<FakeNode> {
  const node = makeNode();
  node.namespaces.set("/run/netns/a1", "4:a1");
  await call(node, "ADD", ipam, { ...pod("u1", "a1"), netns: "/run/netns/a1" });
  await call(node, "ADD", ipam, { containerId: "resting" });
  await call(node, "ADD", ipam, { containerId: "b1", interfaceName: "net1" });
  await call(node, "DEL", ipam, { containerId: "resting" });
  await call(
    node,
    "ADD",
    { ...ipam, network_name: "blue", ipRanges: [{ range: "fd00::/64" }] },
    { containerId: "d1" },
  );
  pass(node, 65_000);
  return node;
}

/** The lines of a text, without blanks at their ends. */
export function lines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
}
