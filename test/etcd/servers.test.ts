/** That the servers of the tests do what they say. */
import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { describeWith } from "../skip.ts";
import { removeServers } from "./member.ts";
import { ETCD_VERSIONS } from "./program.ts";
import { etcd } from "./requirements.ts";
import { startEtcd } from "./server.ts";

afterAll(removeServers);

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
      const answer = await fetch(`${server.endpoint}/v3/kv/range`, {
        method: "POST",
        body: JSON.stringify({ key: btoa("key") }),
      });
      expect(await answer.json()).toMatchObject({ kvs: [{ value: btoa("value") }] });
      const { pid, dataDir } = server;
      await server.remove();
      expect([existsSync(`/proc/${pid}`), existsSync(dataDir)]).toEqual([false, false]);
    });
  });
}
