/** A container runtime, as far as a CNI plugin can tell: it executes plugins, and remembers what they answered. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject } from "../../src/core/json.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { inside } from "./network-namespace.ts";
import { EXECUTABLE } from "./plugin-folder.ts";
import type { Outcome } from "./program.ts";
import { run, succeed } from "./program.ts";

/** One interface of one container. */
export interface Attachment {
  readonly containerId: string;
  readonly netns: string;
  /** Default `net1`. */
  readonly interfaceName?: string;
  /** `CNI_ARGS`. */
  readonly args?: string;
}

/** What a plugin answered, and nothing that it did not. */
export interface Answer {
  readonly exitCode: number;
  /** The whole document. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The addresses with their prefix lengths. */
  readonly addresses: readonly string[];
  /** The code and the message of an error. */
  readonly code?: number;
  readonly message?: string;
}

/** The configuration of a main plugin, as its user wrote it. */
export type NetworkConfiguration = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly type: string;
};

/** Where a runtime finds things. */
export interface RuntimeOptions {
  /** The namespace that plays the host. */
  readonly host: NetworkNamespace;
  readonly plugins: string;
  readonly network: NetworkConfiguration;
  /** Put before every command of the runtime, such as `nsenter`. */
  readonly prefix?: readonly string[];
}

/** One runtime with one network. */
export class Runtime {
  readonly #options: RuntimeOptions;

  constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  /** A runtime that has another configuration, or another prefix. */
  with(changes: Partial<RuntimeOptions>): Runtime {
    return new Runtime({ ...this.#options, ...changes });
  }

  async add(attachment: Attachment, more: object = {}): Promise<Answer> {
    return await this.execute("ADD", attachment, more);
  }

  /** ADD that must succeed. */
  async mustAdd(attachment: Attachment, more: object = {}): Promise<Answer> {
    return mustSucceed("ADD", await this.add(attachment, more));
  }

  /** CHECK that must succeed. */
  async mustCheck(attachment: Attachment, prevResult: object): Promise<Answer> {
    return mustSucceed("CHECK", await this.execute("CHECK", attachment, { prevResult }));
  }

  async del(attachment: Attachment, more: object = {}): Promise<Answer> {
    return await this.execute("DEL", attachment, more);
  }

  /** DEL that must succeed. */
  async mustDel(attachment: Attachment, more: object = {}): Promise<Answer> {
    return mustSucceed("DEL", await this.del(attachment, more));
  }

  /** ADD by a runtime that gives up: it kills the main plugin, and that alone, which is all that runtimes do. */
  async giveUpAdd(attachment: Attachment, afterMs: number): Promise<void> {
    const answer = await this.#run("ADD", attachment, {}, afterMs);
    if (answer.exitCode === 0) throw new Error(`ADD was faster than ${afterMs} ms`);
  }

  /** Executes the main plugin with any command; `more` is added to what it reads. */
  async execute(command: string, attachment: Attachment, more: object = {}): Promise<Answer> {
    return parseAnswer(await this.#run(command, attachment, more));
  }

  async #run(
    command: string,
    attachment: Attachment,
    more: object,
    timeoutMs?: number,
  ): Promise<Outcome> {
    const { host, plugins, network, prefix = [] } = this.#options;
    const { containerId, netns, interfaceName = "net1", args } = attachment;
    return await run([...prefix, ...inside(host, [join(plugins, network.type)])], {
      stdin: JSON.stringify({ cniVersion: "1.0.0", ...network, ...more }),
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: netns,
        CNI_IFNAME: interfaceName,
        CNI_PATH: plugins,
        ...(args !== undefined && { CNI_ARGS: args }),
      },
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }
}

/** A container's interface in a namespace; its id is the namespace's name. */
export function attach({ name, path }: NetworkNamespace, interfaceName = "net1"): Attachment {
  return { containerId: name, netns: path, interfaceName };
}

/** Reads what a plugin, or what runs one, has printed. Throws where that is no answer. */
export function parseAnswer({ exitCode, stdout, stderr }: Outcome): Answer {
  let document: unknown;
  try {
    document = stdout.trim() === "" ? {} : JSON.parse(stdout);
  } catch {
    throw new Error(`Not the answer of a plugin (exit code ${exitCode}): ${stdout}${stderr}`);
  }
  if (!isJsonObject(document)) throw new Error(`Not the answer of a plugin: ${stdout}`);
  const { ips = [], code, msg } = document;
  if (!Array.isArray(ips)) throw new Error(`ips is no list: ${stdout}`);
  return {
    exitCode,
    document,
    addresses: ips.map((one) => (isJsonObject(one) ? String(one["address"]) : "")),
    ...(typeof code === "number" && { code }),
    ...(typeof msg === "string" && { message: msg }),
  };
}

function mustSucceed(command: string, answer: Answer): Answer {
  const { exitCode, document } = answer;
  if (exitCode === 0) return answer;
  throw new Error(`${command} ended with ${exitCode}: ${JSON.stringify(document)}`);
}

/** What `whereabouts ls` lists of a store: `ADDRESS CONTAINER`, or `ADDRESS rests`, in order of the addresses. */
export async function listed(dataDir: string): Promise<readonly string[]> {
  // Where nothing was ever allocated there is no database.
  if (!existsSync(`${dataDir}/whereabouts.db`)) return [];
  const text = await succeed([EXECUTABLE, "ls", "--data-dir", dataDir, "--output", "json"]);
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error(`ls printed no list: ${text}`);
  return rows.map((row) => {
    if (!isJsonObject(row)) throw new Error(`ls printed no object: ${text}`);
    return `${String(row["address"])} ${row["state"] === "held" ? String(row["containerId"]) : "rests"}`;
  });
}
