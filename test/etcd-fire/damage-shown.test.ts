/** What users see of damaged keys: the plugin's errors, and those of the commands. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import type { Outcome } from "../process/executable.ts";
import { EXECUTABLE, answerOf, killLeftovers, start } from "../process/executable.ts";
import { makeFolder, removeFolders } from "../process/folder.ts";
import { describeWith } from "../skip.ts";
import type { Pod } from "./pod.ts";
import { answer } from "./pod.ts";

const PREFIX = "/shown/";
const ipam = { range: "10.0.0.0/29" };

describeWith(etcd("oldest"), "a damaged key", () => {
  let server: EtcdMember;
  let config: string;
  beforeAll(async () => {
    server = await startEtcd();
    config = `${makeFolder()}/net.conf`;
    await Bun.write(config, JSON.stringify({ ...ipam, ...connection() }));
  }, 60_000);
  afterAll(async () => {
    await killLeftovers();
    await removeServers();
    removeFolders();
  }, 60_000);

  function connection() {
    return { type: "whereabouts", etcd_host: server.endpoint, etcd_prefix: PREFIX };
  }

  async function call(command: "ADD" | "DEL", uid: string, more = {}): Promise<Outcome> {
    const pod: Pod = { uid, node: "n1", ipam: { ...ipam, ...more } };
    return (await answer({ pod, command, containerId: uid, connection: connection() })).outcome;
  }

  async function whereabouts(...args: readonly string[]): Promise<Outcome> {
    const argv = [EXECUTABLE, ...args, "--config", config];
    return await start({ environment: { NODENAME: "n1" }, argv, hangMs: 60_000 }).outcome;
  }

  test("is named by the plugin and by the commands that meet it, and by no other", async () => {
    for (const uid of ["a", "b", "c"]) expect((await call("ADD", uid)).exitCode).toBe(0);
    const owners = (
      await server.etcdctl("get", "--prefix", "--keys-only", `${PREFIX}owner/`)
    ).split("\n");
    const addresses = await server.etcdctl("get", "--prefix", "--keys-only", `${PREFIX}address/`);
    const ownerOfB = owners.find((key) => key.endsWith(",b")) ?? "";
    const addressOfC = addresses.split("\n").find((key) => key.endsWith("40a000003")) ?? "";
    await server.etcdctl("put", ownerOfB, '{"v":2}');
    await server.etcdctl("put", addressOfC, "oops");

    expect(answerOf(await call("ADD", "d"))).toBe("10.0.0.4");
    expect(answerOf(await call("ADD", "a"))).toBe("10.0.0.1");
    expect(answerOf(await call("DEL", "a"))).toBe("");
    expect(answerOf(await call("ADD", "e"))).toBe("10.0.0.1");
    for (const command of ["ADD", "DEL"] as const) {
      const { exitCode, stdout } = await call(command, "b");
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        code: 5,
        msg: `Cannot read the value of the key ${ownerOfB}: "{\\"v\\":2}"`,
        details: expect.stringContaining("etcdctl del"),
      });
    }
    const pools = await whereabouts("pools");
    expect(pools.exitCode).toBe(0);
    expect(pools.stdout).toContain("4 of 6");
    const list = await whereabouts("ls");
    expect(list.exitCode).not.toBe(0);
    for (const shown of ["10.0.0.1", "10.0.0.4"]) expect(list.stdout).toContain(shown);
    const json = await whereabouts("ls", "-o", "json");
    expect(json.exitCode).not.toBe(0);
    expect(JSON.parse(json.stdout)).toHaveLength(2);
    expect(list.stderr).toContain(ownerOfB);
    const show = await whereabouts("show", "10.0.0.3");
    expect(show.exitCode).not.toBe(0);
    expect(show.stderr).toContain(addressOfC);
    expect((await whereabouts("show", "10.0.0.4")).exitCode).toBe(0);
  }, 120_000);

  test("of a range is no obstacle to `pools`, and mended by the next ADD", async () => {
    const keys = await server.etcdctl("get", "--prefix", "--keys-only", `${PREFIX}pool/`);
    const [key = ""] = keys.split("\n");
    await server.etcdctl("put", key, '{"v":1,"allow');
    // The ranges of --config are asked for, which need no key of their own.
    expect((await whereabouts("pools")).exitCode).toBe(0);
    expect((await call("ADD", "g")).exitCode).toBe(0);
    const mended = await server.etcdctl("get", "--print-value-only", key);
    expect(mended).toStartWith('{"v":1,"allowed":[');
  }, 120_000);
});
