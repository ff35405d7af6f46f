/** That an error says which endpoint, what it said and what to do. */
import { afterAll, expect, test } from "bun:test";
import { EtcdClient } from "../../src/store/etcd/client.ts";
import { put } from "../../src/store/etcd/gateway.ts";
import { PREFIX_USER, enableAuthentication } from "../etcd/authentication.ts";
import { makeCertificates } from "../etcd/certificates.ts";
import { startFaultProxy, stopProxies } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { claimed, listingLines, lowest, owner } from "../store-contract/fixtures.ts";
import { PREFIX, TEST_MS, claimOf, openStore, outcomeOf, use } from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
});

const { name: username, password } = PREFIX_USER;

/** Writes values of so many bytes until etcd refuses; returns its refusal. */
async function fill({ endpoint }: EtcdMember, sizeBytes: number, most: number): Promise<string> {
  const client = new EtcdClient({ endpoints: [endpoint], leftMs: () => 20_000 });
  return await outcomeOf(async () => {
    for (let index = 0; index < most; index++) {
      const success = [put(`/filler/${index}`, "x".repeat(sizeBytes))];
      await client.transact({ compare: [], success, failure: [] }, "repeatable");
    }
    return "not full";
  });
}

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `errors of the ${version} version`, () => {
    test(
      "of a gateway that is switched off come at once",
      async () => {
        await using server = await startEtcd({ version, gateway: false });
        const startedMs = performance.now();
        const failure = await use([server.endpoint]);
        expect(failure).toStartWith(`store-unavailable Cannot use etcd: ${server.endpoint} `);
        expect(failure).toContain("--enable-grpc-gateway=true");
        expect(performance.now() - startedMs).toBeLessThan(15_000);
      },
      TEST_MS,
    );

    test(
      "of a request that is too large",
      async () => {
        await using server = await startEtcd({ version });
        for (const sizeBytes of [1_700_000, 3_000_000]) {
          const failure = await fill(server, sizeBytes, 1);
          expect(failure).toMatch(/says: .*(request is too large|message larger than max)/);
          expect(failure).toContain("--max-request-bytes");
        }
      },
      TEST_MS,
    );

    test(
      "of a database that is full, in which what is held can be released",
      async () => {
        await using server = await startEtcd({ version, quotaBytes: 4 * 2 ** 20 });
        const store = openStore([server.endpoint]);
        const { sequence } = await claimed(store, owner("held"), [lowest("10.9.0.0/24")]);
        const failure = await fill(server, 500_000, 100);
        expect(failure).toContain(`${server.endpoint} says: etcdserver: mvcc: database space`);
        expect(failure).toContain("etcdctl alarm disarm");
        store.restart();
        // 3.4 does not count what is put by a transaction within another one, as that of a claim is.
        const another = await outcomeOf(async () => await claimOf(store, "another"));
        expect(another).toBe(version === "oldest" ? "10.9.0.2" : failure);
        const registration = { node: "n1", bootId: "b1" };
        const registering = async () => String(await store.register(registration));
        expect(await outcomeOf(registering)).toBe(failure);
        store.restart();
        const condition = { expected: sequence, restSeconds: 0 };
        expect(await store.release(owner("held"), condition)).toBe("released");
        expect((await listingLines(store)).join()).not.toContain("by held");
      },
      TEST_MS,
    );

    test(
      "of a client certificate with a common name beside users; without one it works",
      async () => {
        const certificates = makeCertificates();
        const { authority, server: own, client, nameless } = certificates;
        const clients = { authority: authority.certFile, etcdctl: client };
        const tls = { server: own, authority: authority.certFile, clients };
        await using server = await startEtcd({ version, tls });
        await enableAuthentication(server, PREFIX);
        const credentials = { username, password };
        const caFile = authority.certFile;
        const endpoints = [server.endpoint];
        for (const more of [{ credentials }, {}]) {
          const failure = await use(endpoints, { ...more, tls: { caFile, ...client } });
          expect(failure).toContain("CommonName of client");
          expect(failure).toContain("takes no client certificate that has a common name");
        }
        expect(await use(endpoints, { credentials, tls: { caFile, ...nameless } })).toBe("ok");
        certificates.remove();
      },
      TEST_MS,
    );
  });
}

test("what an error repeats of an answer never holds the password or the token", async () => {
  // Echoes whatever it is sent, as a proxy that is being searched for a fault may.
  const echo = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const body = await request.text();
      const isLogin = pathname.endsWith("/authenticate");
      if (isLogin && body.includes("gets-token")) return Response.json({ token: "token-hunter2" });
      const header = request.headers.get("Authorization");
      const message = `authentication failed? ${header} ${body} http://u:${body}@h`;
      return Response.json({ code: 2, message }, { status: isLogin ? 400 : 500 });
    },
  });
  const endpoints = [`http://127.0.0.1:${echo.port}`];
  for (const name of ["gets-none", "gets-token"]) {
    const credentials = { username: name, password: "http://a:hunter2@h/?p=hunter2" };
    const failure = await use(endpoints, { credentials, callMs: 600 });
    expect(failure).toStartWith("store-unavailable");
    expect(failure).not.toContain("hunter2");
  }
  await echo.stop(true);
}, 60_000);

describeWith(etcd("oldest"), "requests", () => {
  test(
    "go to no proxy that the environment names",
    async () => {
      await using server = await startEtcd();
      const proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
      const script = `import { use } from "${import.meta.dir}/store-call.ts";
      console.log(await use(["${server.endpoint}"]), await use(["http://localhost:1"], { callMs: 500 }));`;
      const url = `http://${proxy.hostPort}`;
      const env = { ...process.env, HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url };
      const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe" });
      expect(await child.stdout.text()).toMatch(/^ok store-unavailable .*ECONNREFUSED/);
      expect(proxy.connectionCount).toBe(0);
    },
    TEST_MS,
  );
});
