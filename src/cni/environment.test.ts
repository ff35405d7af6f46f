import { describe, expect, test } from "bun:test";
import { parseEnvironment } from "./environment.ts";

const add = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_IFNAME: "eth0",
  CNI_NETNS: "/run/netns/x",
};

describe("parseEnvironment()", () => {
  test("takes what a runtime sets", () => {
    expect(parseEnvironment({ ...add, CNI_ARGS: "IP=10.0.0.1" })).toEqual({
      command: "ADD",
      containerId: "c1",
      interfaceName: "eth0",
      netnsPath: "/run/netns/x",
      arguments: "IP=10.0.0.1",
      mayBeOwnNetns: false,
    });
  });

  for (const [command, missing] of [
    ["ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"],
    ["DEL", "CNI_CONTAINERID,CNI_IFNAME"],
    ["CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"],
  ] as const) {
    test(`names all variables that ${command} misses`, () => {
      expect(() => parseEnvironment({ CNI_COMMAND: command })).toThrow(`[${missing}] missing`);
    });
  }

  for (const command of ["GC", "STATUS", "VERSION"] as const) {
    test(`needs nothing else for ${command}`, () => {
      expect(parseEnvironment({ CNI_COMMAND: command }).command).toBe(command);
    });
  }

  for (const command of ["", "add", "NOPE", "toString", "__proto__"]) {
    test(`refuses the command "${command}"`, () => {
      expect(() => parseEnvironment({ ...add, CNI_COMMAND: command })).toThrow(
        `unknown CNI_COMMAND: ${command}`,
      );
    });
  }

  for (const id of ["-a", ".a", "a/b", "a b", "ä", "a\n"]) {
    test(`refuses the container id ${JSON.stringify(id)}`, () => {
      expect(() => parseEnvironment({ ...add, CNI_CONTAINERID: id })).toThrow("CNI_CONTAINERID");
    });
  }

  for (const name of ["sixteen-bytes-xx", "ääääääää", ".", "..", "a/b", "a:b", "a b", "a\u2003b"]) {
    test(`refuses the interface name ${JSON.stringify(name)}`, () => {
      expect(() => parseEnvironment({ ...add, CNI_IFNAME: name })).toThrow("CNI_IFNAME");
    });
  }

  test("accepts an interface name of 15 bytes", () => {
    expect(parseEnvironment({ ...add, CNI_IFNAME: "fifteen-bytes-x" }).interfaceName).toBe(
      "fifteen-bytes-x",
    );
  });

  test("lets CNI_NETNS be the plugin's own where CNI_NETNS_OVERRIDE says so", () => {
    for (const value of ["1", "true", "TRUE"]) {
      expect(parseEnvironment({ ...add, CNI_NETNS_OVERRIDE: value }).mayBeOwnNetns).toBe(true);
    }
  });
});
