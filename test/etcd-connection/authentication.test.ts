/** That users are known to etcd by name and password, whatever happens to tokens, passwords and authentication. */
import { afterAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PREFIX_USER, ROOT, enableAuthentication, userFlag } from "../etcd/authentication.ts";
import { startFaultProxy, stopProxies } from "../etcd/fault-proxy.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { listing } from "../store-contract/fixtures.ts";
import {
  PREFIX,
  TEST_MS,
  claimOf,
  makeFolder,
  openStore,
  outcomeOf,
  removeFolders,
  use,
} from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
  removeFolders();
});

const { name: username, password } = PREFIX_USER;
const credentials = { username, password };
const WRONG = "hunter2-is-wrong";

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `authentication of the ${version} version`, () => {
    test(
      "logs in, once for what comes at once, and renews the token when it expires",
      async () => {
        // The tokens of a cluster live this long after their last use.
        await using server = await startEtcd({ version, flags: ["--auth-token-ttl=1"] });
        await enableAuthentication(server, PREFIX);
        const proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
        const logins = () => proxy.requests.filter((line) => line.endsWith("/authenticate")).length;
        const store = openStore([`http://${proxy.hostPort}`], { credentials });
        await Promise.all([listing(store), listing(store), listing(store)]);
        expect(logins()).toBe(1);
        expect(await claimOf(store, "a")).toBe("10.9.0.1");
        const before = logins();
        await Bun.sleep(2500);
        store.restart();
        expect(await claimOf(store, "b")).toBe("10.9.0.2");
        expect(logins()).toBeGreaterThan(before);
        // A token also ends with the server that knew it.
        await server.restart();
        store.restart();
        expect(await claimOf(store, "c")).toBe("10.9.0.3");
      },
      TEST_MS,
    );

    test(
      "says what is wrong with user, password and permission, at once",
      async () => {
        await using server = await startEtcd({ version });
        await enableAuthentication(server, PREFIX);
        const { endpoint } = server;
        const startedMs = performance.now();
        const wrong = await use([endpoint], { credentials: { username, password: WRONG } });
        expect(wrong).toStartWith(
          `store-unavailable Cannot use etcd: ${endpoint} (asked to log in)`,
        );
        expect(wrong).toContain("authentication failed");
        expect(wrong).toContain("Check etcd_username, and etcd_password");
        const unknown = { username: "nobody", password: WRONG };
        expect(await use([endpoint], { credentials: unknown })).toContain("authentication failed");
        expect(await use([endpoint])).toContain("set etcd_username and etcd_password");
        const elsewhere = await use([endpoint], { credentials, prefix: "/theirs/" });
        expect(elsewhere).toContain(`${endpoint} says: etcdserver: permission denied`);
        expect(elsewhere).toContain("grant-permission");
        // None of these was tried again until the time was over, which is 20 s for each.
        expect(performance.now() - startedMs).toBeLessThan(20_000);
      },
      TEST_MS,
    );

    test(
      "goes on when authentication is switched on or off",
      async () => {
        await using server = await startEtcd({ version });
        const store = openStore([server.endpoint], { credentials });
        const anonymous = openStore([server.endpoint]);
        expect(await claimOf(store, "off")).toBe("10.9.0.1");
        await enableAuthentication(server, PREFIX);
        store.restart();
        expect(await claimOf(store, "on")).toBe("10.9.0.2");
        anonymous.restart();
        expect(await outcomeOf(async () => await claimOf(anonymous, "x"))).toContain(
          "etcd asks for a user",
        );
        await server.etcdctl(userFlag(ROOT), "auth", "disable");
        for (const each of [store, anonymous]) each.restart();
        expect(await claimOf(store, "off again")).toBe("10.9.0.3");
        expect(await claimOf(anonymous, "anonymous")).toBe("10.9.0.4");
      },
      TEST_MS,
    );
  });
}

describeWith(etcd("oldest"), "the password file", () => {
  test(
    "may end with a newline, and is read again when the password was changed",
    async () => {
      await using server = await startEtcd();
      await enableAuthentication(server, PREFIX);
      const passwordFile = join(makeFolder(), "password");
      writeFileSync(passwordFile, `${password}\n`);
      const store = openStore([server.endpoint], { credentials: { username, passwordFile } });
      expect(await claimOf(store, "a")).toBe("10.9.0.1");
      // etcdctl asks for a new password on a terminal only; this way it is in its arguments.
      await server.etcdctl(userFlag(ROOT), "user", "delete", username);
      await server.etcdctl(userFlag(ROOT), "user", "add", `${username}:changed`);
      await server.etcdctl(userFlag(ROOT), "user", "grant-role", username, "prefix");
      store.restart();
      expect(await outcomeOf(async () => await claimOf(store, "b"))).toContain(
        "authentication failed",
      );
      writeFileSync(passwordFile, "changed\r\n");
      store.restart();
      expect(await claimOf(store, "b")).toBe("10.9.0.2");
    },
    TEST_MS,
  );

  test(
    "must be there and hold something",
    async () => {
      const passwordFile = join(makeFolder(), "password");
      const options = { credentials: { username, passwordFile } };
      const missing = await use(["http://127.0.0.1:1"], options);
      expect(missing).toStartWith(`input-output Cannot read ${passwordFile} (etcd_password_file)`);
      writeFileSync(passwordFile, "\n");
      const empty = await use(["http://127.0.0.1:1"], options);
      expect(empty).toStartWith(`input-output Cannot use ${passwordFile} (etcd_password_file)`);
    },
    TEST_MS,
  );
});
