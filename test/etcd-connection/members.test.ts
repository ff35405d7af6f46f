/** That a call ends well while one member of its cluster is well. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { EtcdCluster } from "../etcd/cluster.ts";
import { startCluster } from "../etcd/cluster.ts";
import type { Fault } from "../etcd/fault.ts";
import { stopProxies } from "../etcd/fault-proxy.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { describeWith } from "../skip.ts";
import { owner } from "../store-contract/fixtures.ts";
import { TEST_MS, claimOf, openStore, use } from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
});

/** As long as an ADD has. */
const ADD_MS = 10_000;

const faults: readonly Fault[] = [
  { kind: "cut" },
  { kind: "garbage" },
  { kind: "http-error", status: 200, body: "{}" },
  { kind: "http-error", status: 200, body: "<html>" },
  { kind: "http-error", status: 404, body: "404 page not found" },
  { kind: "http-error", status: 502, body: "Bad Gateway" },
  { kind: "http-error", status: 503, body: '{"code":14,"message":"etcdserver: no leader"}' },
  { kind: "lose-replies" },
];

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `members of the ${version} version`, () => {
    let cluster: EtcdCluster;
    beforeAll(async () => {
      cluster = await startCluster({ version, throughProxy: true, peersThroughProxy: true });
    }, TEST_MS);
    afterEach(() => {
      cluster.heal();
      for (const { proxy } of cluster.members) {
        proxy?.closeConnections();
        proxy?.become({ kind: "pass" });
      }
    });

    // What the client alone decides is the same for all versions.
    if (version === "oldest") {
      test.each(faults)(
        "two of three that %j are passed over",
        async (fault) => {
          for (const { proxy } of cluster.members.slice(0, 2)) proxy?.become(fault);
          expect(await use(cluster.endpoints, { callMs: ADD_MS })).toBe("ok");
        },
        TEST_MS,
      );

      test(
        "two of three that begin to hang during an ADD leave time for it",
        async () => {
          const add = openStore(cluster.endpoints, { callMs: ADD_MS });
          await add.find(owner("x"));
          for (const { proxy } of cluster.members.slice(0, 2)) proxy?.become({ kind: "hang" });
          expect(await claimOf(add, "x")).toMatch(/^10\.9\.0\./);
        },
        TEST_MS,
      );
    }

    test(
      "one without a leader, and one that lags, are passed over",
      async () => {
        const [follower] = await cluster.followers();
        if (follower === undefined) throw new Error("There are no followers");
        const others = cluster.members.filter((member) => member !== follower);
        const endpoints = [follower, ...others].map(({ endpoint }) => endpoint);
        await cluster.isolate(follower);
        expect(await use(endpoints, { callMs: ADD_MS })).toBe("ok");
        // Now it has noticed.
        while ((await follower.server.metric("etcd_server_has_leader")) !== 0) await Bun.sleep(50);
        expect(await use(endpoints, { callMs: ADD_MS })).toBe("ok");
        const alone = await use([follower.endpoint], { callMs: 1000 });
        expect(alone).toContain("no leader");
        expect(alone).toContain("The cluster has no majority just now");
        cluster.heal();
        await follower.server.untilHealthy();
        follower.peerProxy?.become({ kind: "delay", delayMs: 1500 });
        expect(await use(endpoints, { callMs: ADD_MS })).toBe("ok");
      },
      TEST_MS,
    );

    test(
      "a leader that dies between two calls is passed over",
      async () => {
        const leader = await cluster.leader();
        const others = cluster.members.filter((member) => member !== leader);
        const endpoints = [leader, ...others].map(({ endpoint }) => endpoint);
        const store = openStore(endpoints);
        await store.find(owner("y"));
        leader.server.kill("SIGKILL");
        expect(await claimOf(store, "y")).toMatch(/^10\.9\.0\./);
        await leader.server.restart();
      },
      TEST_MS,
    );
  });
}

test("where no member answers, each is named with what it did", async () => {
  const hanging = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const urls = ["http://127.0.0.1:1", `http://127.0.0.1:${hanging.port}`, "http://nowhere.invalid"];
  const failure = await use(urls, { callMs: 3000 });
  expect(failure).toContain(`${urls[0]} cannot be reached: ECONNREFUSED`);
  expect(failure).toContain(`${urls[1]} did not answer within`);
  expect(failure).toContain(`${urls[2]} cannot be reached: `);
  expect(failure).toContain("Check that etcd runs there and that etcd_host names it");
  hanging.stop(true);
}, 60_000);
