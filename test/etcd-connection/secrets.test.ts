/** That passwords are seen by nobody but etcd: not in answers, errors, logs, arguments, environments or files. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/core/json.ts";
import { enableAuthentication, ROOT, userFlag } from "../etcd/authentication.ts";
import { startFaultProxy, stopProxies } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { EXECUTABLE, documentOf, environmentOf, start } from "../process/executable.ts";
import { describeWith } from "../skip.ts";
import { ORDINARY, PREFIX, TEST_MS, callPlugin, makeFolder, removeFolders } from "./store-call.ts";

afterAll(async () => {
  stopProxies();
  await removeServers();
  removeFolders();
});

/** A password that would break an address if it got into one. */
const SECRET = "hunter2@h:1/?p=#%41";
const USER = "somebody";

describeWith(etcd("oldest"), "secrets of the executable", () => {
  let server: EtcdMember;
  let stateHome: string;
  let log: string;
  let ipam: JsonObject;

  beforeAll(async () => {
    server = await startEtcd();
    await enableAuthentication(server, PREFIX);
    await server.etcdctl(userFlag(ROOT), "user", "add", `${USER}:${SECRET}`);
    await server.etcdctl(userFlag(ROOT), "user", "grant-role", USER, "prefix");
    stateHome = makeFolder();
    log = join(stateHome, "log");
    ipam = {
      etcd_host: `127.0.0.1:1,${server.hostPort}`,
      etcd_username: USER,
      etcd_password: SECRET,
      log_file: log,
      log_level: "debug",
    };
  }, TEST_MS);

  /** Everything that was written to the host's state. */
  function written(): string {
    return readdirSync(stateHome, { recursive: true })
      .map((name) => join(stateHome, String(name)))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
  }

  async function command(...args: readonly string[]): Promise<string> {
    const config = join(makeFolder(), "config.json");
    writeFileSync(
      config,
      documentOf({ ipam: { range: "10.9.0.0/24", etcd_prefix: PREFIX, ...ipam } }),
    );
    const argv = [...ORDINARY, ...args.map((each) => (each === "CONFIG" ? config : each))];
    const environment = {
      ...environmentOf({ command: "", containerId: "" }),
      PATH: process.env["PATH"] ?? "",
      XDG_STATE_HOME: stateHome,
    };
    const { stdout, stderr, exitCode } = await start({ argv, environment }).outcome;
    expect(`${exitCode} ${stderr}`).toBe("0 ");
    return stdout;
  }

  test(
    "are in no answer, listing or log",
    async () => {
      let said = "";
      for (const each of ["ADD", "STATUS", "ADD", "DEL", "ADD"]) {
        const { stdout, stderr, exitCode } = await callPlugin(each, "c1", ipam, stateHome);
        expect(`${exitCode} ${stderr}`).toBe("0 ");
        said += stdout;
      }
      const listed = await command("ls", "-o", "json", "--config", "CONFIG");
      expect(listed).toContain("10.9.0.1");
      said += listed + (await command("check-config", "-o", "json", "CONFIG"));
      said += await command("check-config", "CONFIG");
      expect(written()).toContain("ADD");
      expect(said + written()).not.toContain("hunter2");
    },
    TEST_MS,
  );

  test(
    "are in no error",
    async () => {
      for (const wrong of [
        { etcd_password: `${SECRET}x` },
        { etcd_prefix: "/theirs/" },
        { etcd_host: "127.0.0.1:1", add_timeout: 1, del_timeout: 1, status_timeout: 1 },
        {
          etcd_host: `https://${server.hostPort}`,
          add_timeout: 1,
          del_timeout: 1,
          status_timeout: 1,
        },
      ]) {
        const commands = ["ADD", "STATUS", "DEL"];
        const outcomes = await Promise.all(
          commands.map((each) => callPlugin(each, "c2", { ...ipam, ...wrong }, stateHome)),
        );
        for (const [index, { stdout, stderr, exitCode }] of outcomes.entries()) {
          const each = commands[index];
          expect(exitCode).toBe(1);
          expect(JSON.parse(stdout)).toMatchObject({
            code: each === "STATUS" ? 50 : 11,
            msg: expect.stringContaining("127.0.0.1:"),
            details: expect.stringMatching(/./),
          });
          expect(stdout + stderr + written()).not.toContain("hunter2");
        }
      }
    },
    TEST_MS,
  );

  test(
    "are in neither arguments nor environment of a process",
    async () => {
      const proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
      proxy.become({ kind: "hang" });
      const call = callPlugin("ADD", "c3", { ...ipam, etcd_host: proxy.hostPort }, stateHome);
      while (proxy.connectionCount === 0) await Bun.sleep(5);
      const children = readdirSync("/proc").filter((name) => isExecutable(name));
      expect(children.length).toBeGreaterThan(0);
      for (const pid of children) {
        for (const name of ["cmdline", "environ"])
          expect(readProc(pid, name)).not.toContain("hunter2");
      }
      proxy.become({ kind: "pass" });
      expect((await call).exitCode).toBe(0);
    },
    TEST_MS,
  );
});

function isExecutable(pid: string): boolean {
  return /^[0-9]+$/.test(pid) && readProc(pid, "cmdline").startsWith(EXECUTABLE);
}

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}
