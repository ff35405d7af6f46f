/** Which store a command works on, and how `check-config` explains it. */
import { describe, expect, test } from "bun:test";
import type { StoreChoice } from "../../src/config/configuration.ts";
import { makeNode } from "../plugin-call.ts";
import { callCli, checkConfig, lines } from "./cli-call.ts";

describe("check-config", () => {
  const etcd = {
    type: "whereabouts",
    range: "10.0.0.0/24",
    etcd_host: "a,[fd00::1]:4001",
    etcd_username: "operator",
    etcd_password: "hunter2",
    etcd_ca_cert_file: "/pki/ca.pem",
    etcd_cert_file: "/pki/cert.pem",
    etcd_key_file: "/pki/key.pem",
    etcd_legacy: "mixed",
  };

  test("explains the store etcd", async () => {
    const { exitCode, stdout } = await checkConfig(etcd);
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("hunter2");
    expect(lines(stdout).slice(1, 10)).toEqual([
      "  store         etcd",
      "    endpoint    https://a:2379",
      "    endpoint    https://[fd00::1]:4001",
      "    prefix      /whereabouts.cni.cncf.io/v1/",
      "    user        operator, with a password",
      "    CA file     /pki/ca.pem",
      "    cert file   /pki/cert.pem",
      "    key file    /pki/key.pem",
      "    old nodes   kept informed in every range (mixed)",
    ]);
  });

  test.each([
    [{}, "kept informed in each range where they have a list"],
    [{ etcd_legacy: "off" }, "not looked for (off)"],
    [{ etcd_username: "u", etcd_password_file: "/p" }, "u, password in /p"],
    [{ etcd_prefix: "/lab" }, "/lab/"],
  ])("explains %j", async (keys, expected) => {
    const { stdout } = await checkConfig({ range: "10.0.0.0/24", etcd_host: "e", ...keys });
    expect(lines(stdout).some((line) => line.endsWith(`   ${expected}`))).toBe(true);
    expect(stdout).not.toMatch(/CA file|cert file|key file/);
  });

  test("shows the store etcd as JSON, without its password", async () => {
    const { stdout } = await checkConfig(etcd, " -o json");
    expect(stdout).not.toContain("hunter2");
    const [{ store }] = JSON.parse(stdout);
    expect(store).toEqual({
      kind: "etcd",
      endpoints: ["https://a:2379", "https://[fd00::1]:4001"],
      prefix: "/whereabouts.cni.cncf.io/v1/",
      credentials: { username: "operator" },
      tls: { caFile: "/pki/ca.pem", certFile: "/pki/cert.pem", keyFile: "/pki/key.pem" },
      legacy: "mixed",
    });
  });

  test("shows no password that stands where none belongs", async () => {
    for (const wrong of [
      { etcd_host: "https://operator:hunter2@a" },
      { etcd_password_file: "hunter2" },
      { ETCD_PASSWORD: "hunter2" },
      { etcd_pasword: "hunter2" },
    ]) {
      for (const option of ["", " -o json"]) {
        const { stdout, stderr } = await checkConfig({ ...etcd, ...wrong }, option);
        expect(stdout + stderr).not.toContain("hunter2");
      }
    }
  });
});

describe("the store is named", () => {
  const config = JSON.stringify({ etcd_host: "a", etcd_prefix: "/lab", data_dir: "/d" });
  const defaultPrefix = "/whereabouts.cni.cncf.io/v1/";
  test.each<[string, StoreChoice]>([
    ["--data-dir /x", { kind: "local", dataDir: "/x" }],
    ["--datastore local --data-dir /x", { kind: "local", dataDir: "/x" }],
    ["--config c --datastore local", { kind: "local", dataDir: "/d" }],
    ["--config c --data-dir /x", { kind: "local", dataDir: "/x" }],
    ["--config c", { kind: "etcd", endpoints: ["http://a:2379"], prefix: "/lab/" }],
    [
      "--config c --datastore etcd",
      { kind: "etcd", endpoints: ["http://a:2379"], prefix: "/lab/" },
    ],
    ["--config c --etcd-host b:1", { kind: "etcd", endpoints: ["http://b:1"], prefix: "/lab/" }],
    [
      "--etcd-host b,c",
      { kind: "etcd", endpoints: ["http://b:2379", "http://c:2379"], prefix: defaultPrefix },
    ],
    [
      "--datastore etcd --etcd-host https://b",
      { kind: "etcd", endpoints: ["https://b:2379"], prefix: defaultPrefix },
    ],
  ])("by %s", async (options, expected) => {
    const opened: StoreChoice[] = [];
    const { exitCode } = await callCli(makeNode(), `ls ${options}`, {
      files: { c: config },
      opened,
    });
    expect(exitCode).toBe(0);
    expect(opened).toEqual([expected]);
  });

  test.each([
    ["--datastore etcd", "name its servers by --etcd-host or --config"],
    ["--datastore kubernetes", "there are local and etcd"],
    ["--datastore local --etcd-host a", "name one store"],
    ["--datastore etcd --data-dir /x", "name one store"],
    ["--data-dir /x --etcd-host a", "name one store"],
    ["--etcd-host=", "--etcd-host: name a server"],
  ])("and not by %s", async (options, expected) => {
    const { exitCode, stderr } = await callCli(makeNode(), `ls ${options}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(expected);
  });

  test("and its faults are told, without passwords", async () => {
    const { exitCode, stderr } = await callCli(makeNode(), "ls --etcd-host u:hunter2@e");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("etcd_username");
    expect(stderr).not.toContain("hunter2");
  });
});
