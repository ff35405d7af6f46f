/** What is taken back from containers that went without a DEL, and what never is: with real namespaces. */
import { expect } from "bun:test";
import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { testWith } from "../skip.ts";
import type { Laboratory } from "./laboratory.ts";
import { openLaboratory } from "./laboratory.ts";
import { addHiddenNamespace, addMountNamespace } from "./mount-namespace.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { addHost, addNamespaces, deleteNamespace } from "./network-namespace.ts";
import { EXECUTABLE, makePluginFolder } from "./plugin-folder.ts";
import { run, succeed } from "./program.ts";
import { network } from "./requirements.ts";
import type { Answer, Attachment } from "./runtime.ts";
import { Runtime, attach, listed } from "./runtime.ts";

const TIMEOUT_MS = 40_000;

/** What "at once" is, and how long after it the second of two sightings comes. */
const AT_ONCE_MS = 2000;
const SIGHTINGS_MS = 3000;

/** A runtime with two addresses, of which three pods want one. */
interface Scene {
  readonly runtime: Runtime;
  readonly pods: readonly [NetworkNamespace, NetworkNamespace, NetworkNamespace];
}

async function makeScene(lab: Laboratory, type = "whereabouts"): Promise<Scene> {
  const host = await addHost(lab);
  const pods = await addNamespaces(lab, "a", "b", "c");
  const ipam = { type: "whereabouts", data_dir: lab.path("data"), range: "10.69.0.0/30" };
  const main = { name: `live-${lab.id}`, type, master: "up0" };
  const runtime = new Runtime({ host, plugins: makePluginFolder(lab), network: { ...main, ipam } });
  return { runtime, pods };
}

/** An ADD with how long it took. */
async function timedAdd(
  runtime: Runtime,
  attachment: Attachment,
): Promise<Answer & { readonly elapsedMs: number }> {
  const start = performance.now();
  const answer = await runtime.add(attachment);
  return { ...answer, elapsedMs: performance.now() - start };
}

/** Expects an ADD to be told "full", without a wait for a second sighting. */
async function expectFull(runtime: Runtime, attachment: Attachment): Promise<void> {
  const { exitCode, code, message, elapsedMs } = await timedAdd(runtime, attachment);
  expect({ exitCode, code }).toEqual({ exitCode: 1, code: 100 });
  expect(message).toContain("No free address in range 10.69.0.0/30");
  expect(elapsedMs).toBeLessThan(AT_ONCE_MS);
  // As runtimes do: macvlan 1.1.1 leaves its link behind.
  await runtime.mustDel(attachment);
}

/** Expects an ADD to get a dead container's address, after two sightings. */
async function expectReclaimed(
  runtime: Runtime,
  attachment: Attachment,
  address: string,
): Promise<void> {
  const { addresses, document, elapsedMs } = await timedAdd(runtime, attachment);
  expect({ addresses, document }).toMatchObject({ addresses: [`${address}/30`] });
  expect(elapsedMs).toBeGreaterThanOrEqual(SIGHTINGS_MS);
  expect(elapsedMs).toBeLessThan(SIGHTINGS_MS + AT_ONCE_MS);
}

testWith(
  network,
  "a full range is full at once while all live; a namespace deleted without a DEL gives its address back",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab, "macvlan");
    const [a, b, c] = pods;
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    await expectFull(runtime, attach(c));
    await deleteNamespace(a);
    await expectReclaimed(runtime, attach(c), "10.69.0.1");
    expect(await listed(lab.path("data"))).toEqual([`10.69.0.1 ${c.name}`, `10.69.0.2 ${b.name}`]);
    // The late DEL of the dead one takes nothing from its heir.
    await runtime.mustDel(attach(a));
    expect(await listed(lab.path("data"))).toHaveLength(2);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "a namespace made anew under the same name is another one",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [a, b, c] = pods;
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    // Made while the old one is there: the kernel gives inode numbers again, and an equal one proves nothing.
    const [heir] = await addNamespaces(lab, "d");
    await deleteNamespace(b);
    writeFileSync(b.path, "");
    await succeed(["mount", "--bind", heir.path, b.path]);
    await expectReclaimed(runtime, attach(c), "10.69.0.2");
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "an ADD whose runtime has killed the main plugin meanwhile holds nothing in the end",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab, "macvlan");
    const [a, b, c] = pods;
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    await deleteNamespace(a);
    // It waits for the second sighting while its main plugin is killed, and lives on as an orphan.
    await runtime.giveUpAdd(attach(c), SIGHTINGS_MS / 2);
    await Bun.sleep(SIGHTINGS_MS / 2 + AT_ONCE_MS);
    expect(await listed(lab.path("data"))).toEqual([`10.69.0.2 ${b.name}`]);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "whereabouts gc shows what is dead, and frees it only when told to",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [a, b] = pods;
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    await deleteNamespace(a);
    const gc = [EXECUTABLE, "gc", "--data-dir", lab.path("data")];
    const plan = await succeed([...gc, "--dry-run"]);
    expect(plan).toContain("10.69.0.1");
    expect(plan).toContain("its network namespace is gone");
    expect(plan).not.toContain("10.69.0.2");
    expect(await listed(lab.path("data"))).toHaveLength(2);
    // Nobody to ask, and nobody said yes.
    expect((await run(gc)).exitCode).toBe(2);
    expect(await listed(lab.path("data"))).toHaveLength(2);
    await succeed([...gc, "--yes"]);
    expect(await listed(lab.path("data"))).toEqual([`10.69.0.2 ${b.name}`]);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "a netns path that was a plain file at ADD is never reclaimed, even when it is gone",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [, b, c] = pods;
    writeFileSync(lab.path("plain"), "");
    for (const netns of [lab.path("plain"), lab.path("nothing")]) {
      const containerId = `${lab.id}-${netns.length}`;
      await runtime.mustAdd({ containerId, netns });
    }
    await expectFull(runtime, attach(b));
    await succeed(["rm", lab.path("plain")]);
    await expectFull(runtime, attach(c));
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "a namespace in whose place a plain file is left is never reclaimed",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [a, b, c] = pods;
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    await succeed(["umount", a.path]);
    expect(lstatSync(a.path).isFile()).toBe(true);
    await expectFull(runtime, attach(c));
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "namespaces mounted where the observer does not see them are never reclaimed: as plain files, or in a folder of their own",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [a, b] = pods;
    const prefix = await addMountNamespace(lab);
    const within = runtime.with({ prefix });
    const [shared, own] = [lab.path("shared"), lab.path("own")];
    for (const folder of [shared, own]) mkdirSync(folder);
    await succeed([...prefix, "mount", "-t", "tmpfs", "none", own]);
    for (const [index, path] of [`${shared}/pod`, `${own}/pod`].entries()) {
      await addHiddenNamespace(prefix, path);
      await within.mustAdd({ containerId: `hidden-${index}`, netns: path });
    }
    expect(lstatSync(`${shared}/pod`).size).toBe(0);
    expect(() => lstatSync(`${own}/pod`)).toThrow("ENOENT");

    await expectFull(runtime, attach(a));
    await expectFull(within, attach(b));
    // Who sees them sees their end, too.
    for (const path of [`${shared}/pod`, `${own}/pod`]) {
      await succeed([...prefix, "sh", "-c", 'umount "$0" && rm "$0"', path]);
    }
    await expectReclaimed(within, attach(b), "10.69.0.1");
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "after a reboot: an old container's DEL frees at once, and what else was held before is reclaimed",
  async () => {
    await using lab = openLaboratory();
    const { runtime, pods } = await makeScene(lab);
    const [a, b, c] = pods;
    const [d] = await addNamespaces(lab, "d");
    for (const pod of [a, b]) await runtime.mustAdd(attach(pod));
    // The namespaces stand still, so that nothing but the boot is a proof.
    const rebooted = runtime.with({ prefix: await addBoot(lab) });

    const start = performance.now();
    await rebooted.mustDel(attach(a));
    expect(performance.now() - start).toBeLessThan(AT_ONCE_MS);
    expect(await listed(lab.path("data"))).toEqual([`10.69.0.2 ${b.name}`]);
    await rebooted.mustAdd(attach(c));
    await expectReclaimed(rebooted, attach(d), "10.69.0.2");
    expect(await listed(lab.path("data"))).toEqual([`10.69.0.1 ${c.name}`, `10.69.0.2 ${d.name}`]);
  },
  TIMEOUT_MS,
);

/** A mount namespace that has another boot id, as after a reboot. */
async function addBoot(lab: Laboratory): Promise<readonly string[]> {
  const prefix = await addMountNamespace(lab);
  const bootId = crypto.randomUUID();
  writeFileSync(lab.path("boot_id"), `${bootId}\n`);
  const path = "/proc/sys/kernel/random/boot_id";
  await succeed([...prefix, "mount", "--bind", lab.path("boot_id"), path]);
  expect(await succeed([...prefix, "cat", path])).toBe(`${bootId}\n`);
  return prefix;
}
