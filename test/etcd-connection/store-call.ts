/** Stores of etcd for tests of the connection, and calls of the executable that use them. */
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WhereaboutsError, errorMessage } from "../../src/core/error.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { EtcdStoreOptions } from "../../src/store/etcd/etcd-store.ts";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { Outcome } from "../process/executable.ts";
import { EXECUTABLE, documentOf, environmentOf, start } from "../process/executable.ts";
import { claimed, lowest, owner, texts } from "../store-contract/fixtures.ts";

/** Longer than any test takes on a machine that is busy; when one times out, its servers are killed. */
export const TEST_MS = 60_000;

/** Below what the tests keep their keys: the user of the tests may write there. */
export const PREFIX = "/ours/";

/** For how long a call may take unless a test says otherwise: long, for the machine may be busy. */
const CALL_MS = 20_000;

/** Opens a store whose calls have `callMs` each, from when they begin. */
export function openStore(
  endpoints: readonly string[],
  more: Partial<EtcdStoreOptions> & { readonly callMs?: number } = {},
): Store & { restart(): void } {
  const { callMs = CALL_MS, ...options } = more;
  let startedMs = performance.now();
  const leftMs = () => startedMs + callMs - performance.now();
  const store = openEtcdStore({ endpoints, prefix: PREFIX, leftMs, ...options });
  return Object.assign(store, {
    restart() {
      startedMs = performance.now();
    },
  });
}

/** What one claim and its release by another store ended with: `ok`, or `CODE message\ndetails`. */
export async function use(
  endpoints: readonly string[],
  more: Parameters<typeof openStore>[1] = {},
): Promise<string> {
  return await outcomeOf(async () => {
    const store = openStore(endpoints, more);
    const { owner: who, sequence } = await claimed(store, owner("p"), [lowest("10.9.0.0/24")]);
    await store.release(who, { expected: sequence, restSeconds: 0 });
    await store.close();
    return "ok";
  });
}

/** What a call returns, or its error as `CODE message\ndetails`. */
export async function outcomeOf(call: () => Promise<string>): Promise<string> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof WhereaboutsError)) return `not ours: ${errorMessage(error)}`;
    return `${error.code} ${error.message}\n${error.details}`;
  }
}

/** The address that a claim of a pod gets. */
export async function claimOf(store: Store, pod: string): Promise<string> {
  const allocation = await claimed(store, owner(pod), [lowest("10.9.0.0/24")]);
  return texts(allocation).join(" ");
}

const folders: string[] = [];

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** The executable as an ordinary user, whose state is not kept where that of this machine is. */
export const ORDINARY: readonly string[] = isRoot
  ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", EXECUTABLE]
  : [EXECUTABLE];

/** A new folder of that user. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-connection-"));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  folders.push(folder);
  return folder;
}

/** Removes all folders: for `afterAll`. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Calls the executable's plugin, whose state is kept in `stateHome`. */
export async function callPlugin(
  command: string,
  containerId: string,
  ipam: JsonObject,
  stateHome: string,
): Promise<Outcome> {
  const cniVersion = command === "STATUS" ? "1.1.0" : "1.0.0";
  return await start({
    argv: ORDINARY,
    environment: {
      ...environmentOf({ command, containerId }),
      PATH: process.env["PATH"] ?? "",
      XDG_STATE_HOME: stateHome,
    },
    stdin: documentOf({
      ipam: { range: "10.9.0.0/24", etcd_prefix: PREFIX, ...ipam },
      cniVersion,
    }),
    hangMs: 45_000,
  }).outcome;
}
