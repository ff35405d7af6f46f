/** Podman with its storage, networks and processes in a laboratory. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { NetworkList } from "./cnitool.ts";
import { writeNetworks } from "./cnitool.ts";
import type { Laboratory } from "./laboratory.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { inside } from "./network-namespace.ts";
import type { Outcome } from "./program.ts";
import { run, waitFor } from "./program.ts";

/** What podman finds. */
export interface PodmanOptions {
  readonly lab: Laboratory;
  readonly host: NetworkNamespace;
  readonly plugins: string;
  readonly networks: readonly NetworkList[];
}

/** Runs podman with its CNI backend, in the namespace that plays the host. */
export class Podman {
  readonly #options: PodmanOptions;
  readonly #rootfs: string;

  constructor(options: PodmanOptions) {
    this.#options = options;
    const { lab, plugins, networks } = options;
    this.#rootfs = makeRootfs(lab);
    writeFileSync(
      lab.path("containers.conf"),
      containersConf(plugins, writeNetworks(lab, networks)),
    );
    lab.defer(() => removeControlGroups(this.#controlGroup));
    lab.defer(async () => {
      await this.run("rm", "--all", "--force", "--time", "0");
      await this.run("system", "reset", "--force");
      // Conmon has each container cleaned up once more, which would make the folders anew.
      await waitFor("the end of conmon", () => !isNamedByProcess(lab.folder));
    });
  }

  get #controlGroup(): string {
    return `whereabouts-${this.#options.lab.id}`;
  }

  /** Runs one podman command. */
  async run(...words: readonly string[]): Promise<Outcome> {
    const { lab, host } = this.#options;
    const folders = { root: "storage", runroot: "run", tmpdir: "tmp" };
    const command = [
      "podman",
      "--storage-driver=vfs",
      ...Object.entries(folders).map(([option, name]) => `--${option}=${lab.path("podman", name)}`),
      ...words,
    ];
    return await run(inside(host, command), {
      environment: { CONTAINERS_CONF: lab.path("containers.conf") },
    });
  }

  /** Runs a command in a new container, which is removed at its end, and returns what it printed. */
  async runOnce(networks: readonly string[], ...command: readonly string[]): Promise<string> {
    return await this.must("run", "--rm", ...this.#containerOptions(networks), ...command);
  }

  /** Starts a container that sleeps, and returns its id. */
  async start(name: string, networks: readonly string[]): Promise<string> {
    const options = this.#containerOptions(networks);
    const id = await this.must("run", "--detach", "--name", name, ...options, "/bin/sleep", "600");
    return id.trim();
  }

  /** Runs a command that must succeed, and returns its standard output. */
  async must(...words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...words);
    if (exitCode === 0) return stdout;
    throw new Error(`podman ${words.join(" ")} ended with ${exitCode}: ${stdout}${stderr}`);
  }

  #containerOptions(networks: readonly string[]): readonly string[] {
    return [
      `--cgroup-parent=${this.#controlGroup}`,
      ...networks.map((network) => `--network=${network}`),
      "--rootfs",
      this.#rootfs,
    ];
  }
}

/** The limits are those that podman asks for without CAP_SYS_RESOURCE; its crun refuses mixed control groups. */
function containersConf(plugins: string, networks: string): string {
  return `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "cni"
cni_plugin_dirs = [${JSON.stringify(plugins)}]
network_config_dir = ${JSON.stringify(networks)}
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`;
}

/** A root file system with what busybox has. */
function makeRootfs(lab: Laboratory): string {
  const rootfs = lab.path("rootfs");
  for (const name of ["bin", "proc", "sys", "dev", "etc", "tmp", "run"]) {
    mkdirSync(join(rootfs, name), { recursive: true });
  }
  copyFileSync("/usr/bin/busybox", join(rootfs, "bin/busybox"));
  for (const name of ["sh", "ip", "sleep"]) symlinkSync("busybox", join(rootfs, "bin", name));
  return rootfs;
}

/** Whether any process was started with arguments that contain a path. */
function isNamedByProcess(path: string): boolean {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .some((pid) => argumentsOf(pid).includes(path));
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}

/** Removes the control groups of a laboratory's containers, in each hierarchy, the innermost first. */
function removeControlGroups(name: string): void {
  const base = "/sys/fs/cgroup";
  const hierarchies = [base, ...subfolders(base)];
  for (const hierarchy of hierarchies) {
    if (subfolders(hierarchy).includes(join(hierarchy, name))) {
      removeControlGroup(join(hierarchy, name));
    }
  }
}

function removeControlGroup(folder: string): void {
  for (const inner of subfolders(folder)) removeControlGroup(inner);
  rmdirSync(folder);
}

function subfolders(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
}
