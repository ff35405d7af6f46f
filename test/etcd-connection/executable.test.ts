/** That people and runtimes see of the connection what they should: the real executable, before real servers. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EtcdCluster } from "../etcd/cluster.ts";
import { startCluster } from "../etcd/cluster.ts";
import { stopProxies } from "../etcd/fault-proxy.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import type { Request } from "../etcd/request-reader.ts";
import { answerOf } from "../process/executable.ts";
import { describeWith } from "../skip.ts";
import { listingLines } from "../store-contract/fixtures.ts";
import { PREFIX, TEST_MS, callPlugin, makeFolder, openStore, removeFolders } from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
  removeFolders();
});

function isWrite({ text }: Request): boolean {
  return text.includes("request_put");
}

function isRelease({ text }: Request): boolean {
  return text.includes("request_delete_range");
}

describeWith(etcd("oldest"), "the executable", () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await startCluster({ throughProxy: true });
  }, TEST_MS);
  afterEach(() => {
    for (const { proxy } of cluster.members) {
      proxy?.closeConnections();
      proxy?.become({ kind: "pass" });
    }
  });

  /** Calls the plugin with these members, all by default, as a host whose state is kept in `stateHome`. */
  async function call(
    command: string,
    containerId: string,
    more: { readonly stateHome?: string; readonly hosts?: readonly string[]; range?: string } = {},
  ): Promise<{ readonly answer: string; readonly elapsedMs: number; readonly details: string }> {
    const { stateHome = makeFolder(), hosts = cluster.endpoints, range = "10.9.0.0/24" } = more;
    const ipam = { etcd_host: hosts, range };
    const outcome = await callPlugin(command, containerId, ipam, stateHome);
    return { answer: answerOf(outcome), elapsedMs: outcome.elapsedMs, details: outcome.stdout };
  }

  beforeEach(async () => {
    await cluster.members[0]?.server.etcdctl("del", "--prefix", PREFIX);
  });

  const held = async () =>
    (await listingLines(openStore(cluster.endpoints))).map((line) => line.replace(/ of .* by/, ""));

  test(
    "prints the address that an ADD with a lost reply committed, and frees it by such a DEL",
    async () => {
      const [host = ""] = cluster.endpoints;
      const proxy = cluster.members[0]?.proxy;
      proxy?.become({ kind: "lose-replies", count: 1, matching: isWrite });
      expect(await call("ADD", "lost", { hosts: [host] })).toMatchObject({ answer: "10.9.0.1" });
      expect(await held()).toEqual([" 10.9.0.1 lost"]);
      proxy?.become({ kind: "lose-replies", count: 1, matching: isRelease });
      expect(await call("DEL", "lost", { hosts: [host] })).toMatchObject({ answer: "" });
      expect(await held()).toEqual([]);
      proxy?.become({ kind: "lose-replies", count: 1, matching: isWrite });
      expect(await call("STATUS", "", { hosts: [host] })).toMatchObject({ answer: "" });
    },
    TEST_MS,
  );

  test(
    "does not pay twice for a member that hangs, whatever becomes of what it remembers",
    async () => {
      const stateHome = makeFolder();
      const folder = join(stateHome, "whereabouts");
      const file = join(folder, "etcd-members");
      cluster.members[0]?.proxy?.become({ kind: "hang" });
      const first = await call("ADD", "a", { stateHome });
      const second = await call("ADD", "b", { stateHome });
      expect([first.answer, second.answer]).toEqual(["10.9.0.1", "10.9.0.2"]);
      expect(first.elapsedMs).toBeGreaterThan(1400);
      expect(second.elapsedMs).toBeLessThan(first.elapsedMs - 700);
      const requests = cluster.members[0]?.proxy?.connectionCount;
      writeFileSync(file, "\0\xff\nhttp://x good\nnonsense -1");
      expect((await call("DEL", "nobody", { stateHome })).answer).toBe("");
      // Far in the future by a clock that went back since: forgotten.
      writeFileSync(file, `${cluster.endpoints[1]} ${Date.now() + 1e9}`);
      expect((await call("DEL", "a", { stateHome })).answer).toBe("");
      expect(cluster.members[0]?.proxy?.connectionCount).toBeGreaterThan(requests ?? 0);
      expect(readFileSync(file, "utf8")).toContain(`${cluster.endpoints[0]} `);
    },
    TEST_MS,
  );

  test(
    "works where it can remember nothing",
    async () => {
      cluster.members[0]?.proxy?.become({ kind: "cut" });
      const stateHome = join(makeFolder(), "file");
      writeFileSync(stateHome, "");
      expect((await call("DEL", "b", { stateHome })).answer).toBe("");
      const other = makeFolder();
      mkdirSync(join(other, "whereabouts", "etcd-members"), { recursive: true });
      expect((await call("DEL", "b", { stateHome: other })).answer).toBe("");
      expect(await held()).toEqual([]);
      expect(existsSync(join(other, "whereabouts", "etcd-members"))).toBeTrue();
    },
    TEST_MS,
  );

  test(
    "answers within its time where two of three hang, and where all do",
    async () => {
      const [a, b, c] = cluster.members.map(({ proxy }) => proxy);
      a?.become({ kind: "hang" });
      b?.become({ kind: "hang" });
      const [add, status] = await Promise.all([call("ADD", "h"), call("STATUS", "")]);
      expect([add.answer, status.answer]).toEqual(["10.9.0.1", ""]);
      c?.become({ kind: "hang" });
      const { answer, details } = await call("STATUS", "");
      expect(answer).toStartWith("50 Cannot use etcd: ");
      for (const endpoint of cluster.endpoints)
        expect(answer).toContain(`${endpoint} did not answer`);
      expect(details).toContain("Check that etcd runs there");
    },
    TEST_MS,
  );
});
