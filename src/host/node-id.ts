/** Which node this is (design section 3, "Node"): an id that survives reboots and is not copied with an image. */
import { WhereaboutsError } from "../core/error.ts";
import { isJsonObject } from "../core/json.ts";
import { parentFolder, readTextFile, statFile } from "../lib/files.ts";

/** Where a node's id may come from. */
export interface NodeIdSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Files that hold nothing but the id, in order: the agent's, then the installer's `nodename`. */
  readonly files: readonly string[];
  /** The folder in which an id is made and kept. */
  readonly stateDir: string;
}

/** An id with what tells a cloned machine image: hashes, undefined where the machine does not say. */
interface KeptId {
  readonly id: string;
  readonly machineId?: string | undefined;
  readonly productUuid?: string | undefined;
}

/** The folder for what whereabouts keeps on a node: root's, or an ordinary user's (also one who is root in a user namespace). */
export function defaultStateDir(environment: Readonly<Record<string, string | undefined>>): string {
  if (ownsSystem()) return "/var/lib/cni/whereabouts";
  const { XDG_STATE_HOME: stateHome, HOME: home } = environment;
  if (stateHome !== undefined && stateHome.startsWith("/")) return `${stateHome}/whereabouts`;
  return `${home ?? ""}/.local/state/whereabouts`;
}

function ownsSystem(): boolean {
  try {
    return statFile("/var/lib")?.userId === process.geteuid?.();
  } catch {
    return false;
  }
}

/** This node's id. Throws `input-output` where one must be kept and cannot. */
export function readNodeId(sources: NodeIdSources): string {
  const named = sources.environment["NODENAME"]?.trim();
  if (named !== undefined && named !== "") return named;
  for (const file of sources.files) {
    const id = readOptional(file)?.trim();
    if (id !== undefined && id !== "") return id;
  }
  return keptNodeId(`${sources.stateDir}/node-id`);
}

function keptNodeId(path: string): string {
  const machine = {
    machineId: hashOf(readOptional("/etc/machine-id")),
    productUuid: hashOf(readOptional("/sys/class/dmi/id/product_uuid")),
  };
  const kept = readKeptId(path);
  if (kept !== undefined && !wasCloned(kept, machine)) return kept.id;
  return keepNewId(
    path,
    { id: kept === undefined ? crypto.randomUUID() : cloneId(kept, machine), ...machine },
    kept,
  );
}

/** Whether an id was copied here from another machine: something can be read on both, and differs. */
function wasCloned(kept: KeptId, machine: Omit<KeptId, "id">): boolean {
  return (
    differs(kept.machineId, machine.machineId) || differs(kept.productUuid, machine.productUuid)
  );
}

function differs(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

/** The new id of a cloned machine: the same for all processes that find the clone at once. */
function cloneId(kept: KeptId, machine: Omit<KeptId, "id">): string {
  const seed = JSON.stringify([kept.id, machine.machineId, machine.productUuid]);
  const hex = new Bun.CryptoHasher("sha256").update(seed).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

function readKeptId(path: string): KeptId | undefined {
  const text = readOptional(path);
  if (text === undefined) return undefined;
  try {
    const kept: unknown = JSON.parse(text);
    if (isJsonObject(kept) && typeof kept["id"] === "string" && kept["id"] !== "") {
      return {
        id: kept["id"],
        machineId: typeof kept["machineId"] === "string" ? kept["machineId"] : undefined,
        productUuid: typeof kept["productUuid"] === "string" ? kept["productUuid"] : undefined,
      };
    }
  } catch {
    // Falls through to the error: making a new id would disown what this node holds.
  }
  throw new WhereaboutsError(
    "input-output",
    `Cannot read the node id in ${path}: it is not of the form {"id": "..."}; restore it, or remove it so that this node gets a new one (its present holdings then need "whereabouts gc --node")`,
  );
}

/** Puts an id in place whole or not at all; among several processes the first wins. */
function keepNewId(path: string, fresh: KeptId, replaced: KeptId | undefined): string {
  // An import would be loaded with every call (docs/decisions/0002).
  const { linkSync, mkdirSync, renameSync, unlinkSync, writeFileSync } =
    process.getBuiltinModule("node:fs");
  const temporary = `${path}.${process.pid}.${fresh.id.slice(0, 8)}`;
  try {
    mkdirSync(parentFolder(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify(fresh)}\n`, {
      flag: "wx",
      mode: 0o600,
      flush: true,
    });
    if (replaced !== undefined) {
      renameSync(temporary, path);
      return fresh.id;
    }
    try {
      linkSync(temporary, path);
      return fresh.id;
    } catch (error) {
      const winner = readKeptId(path);
      if (winner === undefined) throw error;
      return winner.id;
    } finally {
      unlinkSync(temporary);
    }
  } catch (error) {
    if (error instanceof WhereaboutsError) throw error;
    throw new WhereaboutsError(
      "input-output",
      `Cannot keep a node id in ${path}: ${String(error)}; make the folder writable, or set the variable NODENAME`,
      { cause: error },
    );
  }
}

function hashOf(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === "") return undefined;
  return new Bun.CryptoHasher("sha256").update(`whereabouts:${trimmed}`).digest("hex");
}

/** A file's text; undefined if there is none that this process may read. */
function readOptional(path: string): string | undefined {
  try {
    return readTextFile(path);
  } catch {
    return undefined;
  }
}
