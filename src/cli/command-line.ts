/** The command line: which commands there are, and how they are called. */
import { runCheckConfig } from "./check-config.ts";
import type { CliHost } from "./cli-host.ts";
import { runGc } from "./gc.ts";
import { runImportEtcd } from "./import-etcd.ts";
import { runLs } from "./ls.ts";
import type { Given, Options } from "./options.ts";
import {
  UsageError,
  commonOptions,
  describeError,
  describeOptions,
  exitCodeOf,
  freeingOptions,
  outputOptions,
  parseOptions,
  storeOptions,
  wantsJson,
} from "./options.ts";
import { runPools } from "./pools.ts";
import { runRelease } from "./release.ts";
import { runShow } from "./show.ts";
import { formatTable } from "./terminal.ts";

/** One command. */
interface CliCommand {
  readonly usage: string;
  /** How many arguments it takes beside its options. */
  readonly takes: 0 | 1;
  readonly summary: string;
  readonly options: Options;
  run(host: CliHost, given: Given): Promise<number> | number;
}

const networkOption: Options = {
  network: {
    type: "string",
    value: "NAME",
    help: 'only this network_name ("default" for the one without)',
  },
};

const commands: Readonly<Record<string, CliCommand>> = {
  ls: {
    takes: 0,
    usage: "ls [--network NAME] [--node ID] [--pod NAME]",
    summary: "list every address that is held or rests, in order",
    options: {
      ...networkOption,
      node: {
        type: "string",
        value: "ID",
        help: 'only what this node holds ("self" for this one)',
      },
      pod: {
        type: "string",
        value: "NAME",
        help: "only this pod (NAMESPACE/NAME, NAME or UID) or container id",
      },
      ...storeOptions,
      ...outputOptions,
    },
    run: runLs,
  },
  show: {
    takes: 1,
    usage: "show ADDRESS",
    summary: "who holds an address, since when, and whether they are alive",
    options: { ...networkOption, ...storeOptions, ...outputOptions },
    run: runShow,
  },
  pools: {
    takes: 0,
    usage: "pools",
    summary: "how full each range is",
    options: { ...networkOption, ...storeOptions, ...outputOptions },
    run: runPools,
  },
  release: {
    takes: 1,
    usage: "release ADDRESS",
    summary: "free an address and all that its holder has with it",
    options: {
      ...networkOption,
      range: {
        type: "string",
        value: "PREFIX",
        help: "only as an address of this range, where overlapping ranges are off",
      },
      ...freeingOptions,
      ...storeOptions,
      ...outputOptions,
    },
    run: runRelease,
  },
  gc: {
    takes: 0,
    usage: "gc [--node ID]",
    summary: "free what is proven dead on this node",
    options: {
      node: {
        type: "string",
        value: "ID",
        help: "free all that this other node holds, because it will not come back",
      },
      ...freeingOptions,
      ...storeOptions,
      ...outputOptions,
    },
    run: runGc,
  },
  import: {
    takes: 1,
    usage: "import etcd",
    summary: "take over the lists that whereabouts v0.1 to v0.5.4 keeps in etcd",
    options: {
      finish: {
        type: "boolean",
        help: "also close them for good: old nodes fail from then on",
      },
      undo: { type: "boolean", help: "make closed lists valid again, brought up to date" },
      range: { type: "string", value: "PREFIX", help: "only the list of this range" },
      network: {
        type: "string",
        value: "NAME",
        help: "the network_name under which the addresses are held from now on",
      },
      "dry-run": { type: "boolean", help: "show what would be done, and do nothing" },
      yes: { type: "boolean", short: "y", help: "do not ask" },
      ...storeOptions,
      ...outputOptions,
    },
    run: runImportEtcd,
  },
  "check-config": {
    takes: 1,
    usage: "check-config FILE",
    summary: "explain a configuration: addresses, gateway, exclusions, faults and warnings",
    options: {
      "in-cluster": {
        type: "boolean",
        help: "check it as a runtime in a Kubernetes cluster would use it",
      },
      ...outputOptions,
    },
    run: runCheckConfig,
  },
  version: {
    takes: 0,
    usage: "version",
    summary: "the version of this program",
    options: outputOptions,
    run: (host, given) => {
      const { version } = host;
      host.write(
        wantsJson(given) ? `${JSON.stringify({ version })}\n` : `whereabouts ${version}\n`,
      );
      return 0;
    },
  },
};

/** Runs a command. Returns the exit code: 0, 1 where it failed or found nothing, 2 where the call is wrong. */
export async function runCommandLine(host: CliHost, argv: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = argv;
  if (["help", "--help", "-h"].includes(name)) return help(host, rest);
  if (name === "--version") return await runCommandLine(host, ["version", ...rest]);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (command === undefined) throw new UsageError(`there is no command "${name}"`);
    const given = parseOptions({ ...command.options, ...commonOptions }, rest);
    if (given.flag("help")) return help(host, [name]);
    const { positionals } = given;
    if (positionals.length !== command.takes) {
      const takes = command.takes === 0 ? "no argument" : "one argument";
      throw new UsageError(`${name} takes ${takes}, and was given ${positionals.length}`);
    }
    return await command.run(host, given);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    host.writeError(describeError(error));
    if (exitCode === 2)
      host.writeError(`Try: whereabouts ${command === undefined ? "help" : `${name} --help`}\n`);
    return exitCode;
  }
}

function help(host: CliHost, [name]: readonly string[]): 0 | 2 {
  if (name === undefined || name === "help") {
    host.write(generalHelp(host.version));
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    host.writeError(`whereabouts: there is no command "${name}"\n`);
    return 2;
  }
  const options = describeOptions({ ...command.options, ...commonOptions });
  const rows = options.map(([names, text]) => [`  ${names}`, text]);
  host.write(
    `whereabouts ${command.usage}\n\n${sentence(command.summary)}\n\n${formatTable(rows)}`,
  );
  return 0;
}

function generalHelp(version: string): string {
  const rows = Object.values(commands).map(({ usage, summary }) => [
    `  ${usage.replace(/ \[.*/, "")}`,
    summary,
  ]);
  return (
    `whereabouts ${version}: a CNI IPAM plugin that gives every pod an address of its own\n\n` +
    `A container runtime runs it as a plugin (with CNI_COMMAND set). For people:\n\n` +
    `${formatTable([...rows, ["  help COMMAND", "the options of a command"]])}\n` +
    "The store is found as the plugin finds it, or named by --config, --data-dir or --etcd-host.\n" +
    "Exit codes: 0 done, 1 failed or not found, 2 wrong call.\n"
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
