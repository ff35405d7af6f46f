/** The programs that are measured, each with fresh data of its own. */
import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Program } from "./harness.ts";

/** Where the programs are, and a folder that is removed afterwards. */
export interface Workshop {
  readonly harness: string;
  readonly whereabouts: string;
  readonly floorLocal: string;
  readonly floorEtcd: string;
  readonly hostLocal: string;
  readonly folder: string;
}

/** What a CNI runtime sets. Every call is another container. */
export const CNI_ENV = {
  CNI_CONTAINERID: "bench-%d",
  CNI_IFNAME: "eth0",
  CNI_NETNS: "/var/run/netns/none",
  CNI_PATH: "/opt/cni/bin",
} as const;

let folders = 0;

/** A new folder in the workshop. */
export function freshFolder(workshop: Workshop, name: string): string {
  const folder = `${workshop.folder}/${++folders}-${name}`;
  mkdirSync(folder);
  return folder;
}

/** The smallest program that commits one row, and its database. */
export function floorLocal(workshop: Workshop): Program {
  const path = `${freshFolder(workshop, "floor")}/floor.db`;
  const database = new Database(path);
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE held (id INTEGER PRIMARY KEY, owner TEXT NOT NULL)");
  database.close();
  return {
    path: workshop.floorLocal,
    env: { BENCH_DATABASE: path, CNI_CONTAINERID: CNI_ENV.CNI_CONTAINERID },
  };
}

/** Whereabouts on a local store in a folder, which may hold something already. */
export function whereaboutsLocal(
  workshop: Workshop,
  command: "ADD" | "DEL",
  dataDir: string,
  range = "10.0.0.0/8",
  calls = "bench-%d",
): Program {
  const ipam = { type: "whereabouts", datastore: "local", data_dir: dataDir, range };
  const env = { ...CNI_ENV, CNI_COMMAND: command, CNI_CONTAINERID: calls };
  const stdinPath = writeConfiguration(dataDir, ipam);
  return { path: workshop.whereabouts, env, stdinPath, ...expectedOf(command) };
}

/** host-local in a folder. */
export function hostLocalAdd(workshop: Workshop, dataDir: string, calls = "bench-%d"): Program {
  const ipam = { type: "host-local", dataDir, ranges: [[{ subnet: "10.0.0.0/8" }]] };
  const env = { ...CNI_ENV, CNI_COMMAND: "ADD", CNI_CONTAINERID: calls };
  const stdinPath = writeConfiguration(dataDir, ipam);
  return { path: workshop.hostLocal, env, stdinPath, ...expectedOf("ADD") };
}

/** What is believed to be an answer. */
export function expectedOf(command: "ADD" | "DEL"): { expected?: string } {
  return command === "ADD" ? { expected: '"ips"' } : {};
}

/** Writes a configuration to a file of its own beside a folder; returns its path. */
export function writeConfiguration(dataDir: string, ipam: object): string {
  const path = `${dataDir}.json`;
  const configuration = { cniVersion: "1.0.0", name: "bench", type: "macvlan", ipam };
  writeFileSync(path, JSON.stringify(configuration));
  return path;
}

/** Writes what host-local would have written for `count` containers, the lowest addresses first. */
export function fillHostLocal(dataDir: string, count: number): void {
  const folder = `${dataDir}/bench`;
  mkdirSync(folder);
  let last = "";
  // 10.0.0.1 is host-local's default gateway.
  for (let value = 2; value < count + 2; value++) {
    last = `10.${value >> 16}.${(value >> 8) & 255}.${value & 255}`;
    writeFileSync(`${folder}/${last}`, `held-${value}\r\neth0`);
  }
  writeFileSync(`${folder}/last_reserved_ip.0`, last);
}
