/** That a request whose outcome is unknown is settled by reading, and comes to nothing later. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { FaultProxy } from "../etcd/fault-proxy.ts";
import { startFaultProxy, stopProxies } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import type { Request } from "../etcd/request-reader.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { claim, claimed, listingLines, lowest, owner } from "../store-contract/fixtures.ts";
import { TEST_MS, claimOf, openStore, outcomeOf } from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
});

let prefixes = 0;
const NO_SPACE = JSON.stringify({ code: 8, message: "etcdserver: mvcc: database space exceeded" });

/** What writes, however deep. */
const isWrite = ({ text }: Request): boolean => text.includes("request_put");
const isRelease = ({ text }: Request): boolean => text.includes("request_delete_range");

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `an unknown outcome on the ${version} version`, () => {
    let server: EtcdMember;
    let proxy: FaultProxy;
    let prefix: string;
    beforeAll(async () => {
      server = await startEtcd({ version });
      proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
    }, TEST_MS);
    beforeEach(() => {
      prefix = `/ours/${++prefixes}/`;
      proxy.closeConnections();
      proxy.become({ kind: "pass" });
    });

    const through = (callMs?: number) =>
      openStore([`http://${proxy.hostPort}`], { prefix, ...(callMs !== undefined && { callMs }) });
    const direct = () => openStore([server.endpoint], { prefix });
    const dump = async () => await server.etcdctl("get", "--prefix", prefix);
    const held = async () => await listingLines(direct());

    test(
      "a claim whose reply is lost returns what it committed",
      async () => {
        proxy.become({ kind: "lose-replies", count: 1, matching: isWrite });
        expect(await claimOf(through(), "a")).toBe("10.9.0.1");
        expect(await held()).toEqual(["blue 10.9.0.1 of 10.9.0.0/24 by a"]);
      },
      TEST_MS,
    );

    test(
      "a claim that never arrived is made again",
      async () => {
        const store = through();
        await store.find(owner("a"));
        let closed = 0;
        proxy.become({ kind: "close", matching: (each) => isWrite(each) && closed++ === 0 });
        expect(await claimOf(store, "a")).toBe("10.9.0.1");
        expect(closed).toBeGreaterThan(0);
        expect(await held()).toEqual(["blue 10.9.0.1 of 10.9.0.0/24 by a"]);
      },
      TEST_MS,
    );

    test(
      "a claim that is delivered after it was settled does nothing",
      async () => {
        // Two ways to one server: the claim is held on the first, and settled on the second.
        const late = claim(owner("a"), [lowest("10.9.0.0/24")]);
        // A third of its time is for the first member.
        const endpoints = [`http://${proxy.hostPort}`, server.endpoint];
        const store = openStore(endpoints, { prefix, callMs: 3600 });
        await store.find(late.owner);
        proxy.become({ kind: "hold-requests" });
        const result = await store.claim(late);
        expect(result.kind).toBe("claimed");
        const before = await held();
        expect(before).toEqual(["blue 10.9.0.1 of 10.9.0.0/24 by a"]);
        // Even where its owner and its address are free again, as it expects them.
        const sequence = result.kind === "claimed" ? result.allocation.sequence : 0;
        await store.release(late.owner, { expected: sequence, restSeconds: 0 });
        const requests = proxy.requests.length;
        const released = await dump();
        proxy.become({ kind: "pass" });
        while (proxy.requests.length === requests) await Bun.sleep(10);
        await Bun.sleep(300);
        expect(await dump()).toBe(released);
        expect(await held()).toEqual([]);
      },
      TEST_MS,
    );

    test(
      "a claim that cannot be settled in time fails",
      async () => {
        const store = through(1000);
        await store.find(owner("a"));
        proxy.become({ kind: "hang" });
        expect(await outcomeOf(async () => await claimOf(store, "a"))).toContain(
          "did not answer within",
        );
      },
      TEST_MS,
    );

    test(
      "a release whose reply is lost, or that never arrived, is one",
      async () => {
        for (const kind of ["lose-replies", "close"] as const) {
          const store = through();
          const { sequence } = await claimed(store, owner("a"), [lowest("10.9.0.0/24")]);
          let met = 0;
          const matching = (each: Request) => isRelease(each) && met++ === 0;
          proxy.become({ kind, matching });
          const condition = { expected: sequence, restSeconds: 0 };
          expect(await store.release(owner("a"), condition)).toBe("released");
          expect(met).toBeGreaterThan(0);
          expect(await held()).toEqual([]);
          proxy.become({ kind: "pass" });
        }
      },
      TEST_MS,
    );

    test(
      "a release that is delivered late frees nothing that was confirmed since",
      async () => {
        // A third of its time is for the first member.
        const endpoints = [`http://${proxy.hostPort}`, server.endpoint];
        const store = openStore(endpoints, { prefix, callMs: 3600 });
        const { sequence } = await claimed(store, owner("a"), [lowest("10.9.0.0/24")]);
        proxy.become({ kind: "hold-requests" });
        expect(await store.release(owner("a"), { expected: sequence, restSeconds: 0 })).toBe(
          "released",
        );
        expect(await claimOf(direct(), "a")).toBe("10.9.0.1");
        const requests = proxy.requests.length;
        proxy.become({ kind: "pass" });
        while (proxy.requests.length === requests) await Bun.sleep(10);
        await Bun.sleep(300);
        expect(await held()).toEqual(["blue 10.9.0.1 of 10.9.0.0/24 by a"]);
      },
      TEST_MS,
    );

    test(
      "a claim that was carried out though etcd says it is full is one",
      async () => {
        const liar = Bun.serve({
          hostname: "127.0.0.1",
          port: 0,
          async fetch(request) {
            const { pathname } = new URL(request.url);
            const body = await request.text();
            const answer = await fetch(server.endpoint + pathname, { method: "POST", body });
            return body.includes("request_put") ? new Response(NO_SPACE, { status: 429 }) : answer;
          },
        });
        const store = openStore([`http://127.0.0.1:${liar.port}`], { prefix });
        expect(await claimOf(store, "a")).toBe("10.9.0.1");
        await liar.stop(true);
      },
      TEST_MS,
    );

    test(
      "register is made again",
      async () => {
        proxy.become({ kind: "lose-replies", count: 2, matching: isWrite });
        await through().register({ node: "n1", bootId: "boot" });
        expect(await server.etcdctl("get", "--prefix", prefix)).toContain("boot");
      },
      TEST_MS,
    );
  });
}
