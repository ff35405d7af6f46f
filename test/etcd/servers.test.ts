/** That the servers of the tests do what they say. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { describeWith } from "../skip.ts";
import { ROOT, PREFIX_USER, enableAuthentication, userFlag } from "./authentication.ts";
import type { Certificates, KeyPair } from "./certificates.ts";
import { makeCertificates } from "./certificates.ts";
import { startCluster } from "./cluster.ts";
import { stopProxies } from "./fault-proxy.ts";
import { removeServers } from "./member.ts";
import { ETCD_VERSIONS } from "./program.ts";
import { etcd } from "./requirements.ts";
import { startEtcd } from "./server.ts";

let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates();
});

afterAll(async () => {
  stopProxies();
  await removeServers();
  certificates.remove();
});

/** Asks for a key through the JSON gateway; returns the answer, or the status, or the code of what failed. */
async function range(
  endpoint: string,
  key: string,
  { timeoutMs = 5000, ...tls }: Bun.TLSOptions & { readonly timeoutMs?: number } = {},
): Promise<unknown> {
  try {
    const answer = await fetch(`${endpoint}/v3/kv/range`, {
      method: "POST",
      body: JSON.stringify({ key: btoa(key) }),
      signal: AbortSignal.timeout(timeoutMs),
      tls,
    });
    return answer.ok ? await answer.json() : answer.status;
  } catch (error) {
    if (error instanceof DOMException) return error.name;
    return error instanceof Error && "code" in error ? error.code : String(error);
  }
}

function shown({ certFile, keyFile }: KeyPair): Bun.TLSOptions {
  return { cert: Bun.file(certFile), key: Bun.file(keyFile) };
}

describeWith(etcd("oldest"), "startEtcd()", () => {
  test("starts a server that does not outlive its maker", async () => {
    const script = `import { startEtcd } from "${import.meta.dir}/server.ts";
      console.log((await startEtcd()).pid);
      process.kill(process.pid, "SIGKILL");`;
    const { stdout, exited } = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    const pid = Number(await stdout.text());
    expect(pid).toBeGreaterThan(0);
    await exited;
    while (existsSync(`/proc/${pid}`)) await Bun.sleep(5);
  });
});

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `startEtcd() of the ${version} version`, () => {
    test("answers JSON and etcdctl, and keeps its data over an end and a crash", async () => {
      const server = await startEtcd({ version });
      await server.etcdctl("put", "key", "value");
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        const before = server.pid;
        await server.restart(signal);
        expect(server.pid).not.toBe(before);
        expect(await server.etcdctl("get", "--print-value-only", "key")).toBe("value\n");
      }
      expect(await range(server.endpoint, "key")).toMatchObject({
        kvs: [{ value: btoa("value") }],
      });
      const { pid, dataDir } = server;
      await server.remove();
      expect([existsSync(`/proc/${pid}`), existsSync(dataDir)]).toEqual([false, false]);
    });

    test("hangs while it is stopped, and says why it cannot start", async () => {
      const server = await startEtcd({ version });
      server.kill("SIGSTOP");
      expect(await range(server.endpoint, "key", { timeoutMs: 300 })).toBe("TimeoutError");
      server.kill("SIGCONT");
      expect(await range(server.endpoint, "key")).toHaveProperty("header");
      await server.remove();
      const start = startEtcd({ version, flags: ["--election-timeout=1"] });
      await expect(start).rejects.toThrow("--election-timeout");
    });

    test("has a quota, and no gateway if so told", async () => {
      const server = await startEtcd({ version, gateway: false, quotaBytes: 1 });
      expect(await range(server.endpoint, "key")).toBe(404);
      await expect(server.etcdctl("put", "key", "value")).rejects.toThrow(
        "database space exceeded",
      );
      expect(await server.isHealthy()).toBe(true);
    });

    test("shows a certificate, and asks for one", async () => {
      const { authority, otherAuthority, server: own, client, stranger } = certificates;
      const ca = Bun.file(authority.certFile);
      const clients = { authority: authority.certFile, etcdctl: client };
      const tls = { server: own, authority: authority.certFile, clients };
      const { endpoint } = await startEtcd({ version, tls });
      expect(await range(endpoint, "key", { ca, ...shown(client) })).toHaveProperty("header");
      expect(await range(endpoint, "key", { ca })).toBeString();
      expect(await range(endpoint, "key", { ca, ...shown(stranger) })).toBeString();
      const other = { ca: Bun.file(otherAuthority.certFile), ...shown(client) };
      expect(await range(endpoint, "key", other)).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    });

    test.each([
      ["wrongName", "ERR_TLS_CERT_ALTNAME_INVALID"],
      ["expired", "CERT_HAS_EXPIRED"],
    ] as const)("shows a certificate that is %s", async (name, code) => {
      const authority = certificates.authority.certFile;
      const { endpoint } = await startEtcd({
        version,
        tls: { server: certificates[name], authority },
      });
      expect(await range(endpoint, "key", { ca: Bun.file(authority) })).toBe(code);
    });

    test("asks who it is after enableAuthentication()", async () => {
      const server = await startEtcd({ version, flags: ["--auth-token-ttl=1"] });
      await enableAuthentication(server, "/ours/");
      expect(await range(server.endpoint, "/ours/a")).toBe(400);
      expect(await server.etcdctl(userFlag(PREFIX_USER), "put", "/ours/a", "1")).toBe("OK\n");
      const put = server.etcdctl(userFlag(PREFIX_USER), "put", "/theirs", "1");
      await expect(put).rejects.toThrow("permission denied");
      expect(await server.etcdctl(userFlag(ROOT), "put", "/theirs", "1")).toBe("OK\n");
    });

    test("takes a client certificate without a common name alone, after enableAuthentication()", async () => {
      const { authority, server: own, client, nameless } = certificates;
      const clients = { authority: authority.certFile, etcdctl: client };
      const tls = { server: own, authority: authority.certFile, clients };
      const server = await startEtcd({ version, tls });
      await enableAuthentication(server, "/ours/");
      const bodies = [client, nameless].map(async (pair) => {
        const answer = await fetch(`${server.endpoint}/v3/auth/authenticate`, {
          method: "POST",
          body: JSON.stringify(PREFIX_USER),
          tls: { ca: Bun.file(authority.certFile), ...shown(pair) },
        });
        return await answer.text();
      });
      expect(await Promise.all(bodies)).toEqual([
        expect.stringContaining("CommonName of client"),
        expect.stringContaining('"token":'),
      ]);
    });
  });

  describeWith(etcd(version), `startCluster() of the ${version} version`, () => {
    test("has a leader that can be isolated, and another one then", async () => {
      await using cluster = await startCluster({
        version,
        throughProxy: true,
        peersThroughProxy: true,
      });
      const first = await cluster.leader();
      expect(await cluster.followers()).toHaveLength(2);
      await first.server.etcdctl("put", "key", "before");
      await cluster.isolate(first);
      const second = await cluster.leader(first);
      await second.server.etcdctl("put", "key", "after");
      expect(await range(first.endpoint, "key", { timeoutMs: 300 })).toBe("TimeoutError");
      cluster.heal();
      await first.server.untilHealthy();
      const after = { kvs: [{ value: btoa("after") }] };
      expect(await range(first.endpoint, "key")).toMatchObject(after);
      expect(first.proxy?.requests).toEqual(["POST /v3/kv/range", "POST /v3/kv/range"]);
      second.server.kill("SIGKILL");
      await cluster.leader(second);
      await second.server.restart();
      expect(await range(second.endpoint, "key")).toMatchObject(after);
    }, 30_000);
  });
}
