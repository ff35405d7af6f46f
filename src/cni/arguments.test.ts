import { describe, expect, test } from "bun:test";
import { parseArguments } from "./arguments.ts";

describe("parseArguments()", () => {
  test("takes what containerd passes", () => {
    const text =
      "K8S_POD_UID=u1;IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=c1;OTHER=x";
    expect(parseArguments(text, false)).toEqual({
      podNamespace: "ns",
      podName: "p",
      podUid: "u1",
      infraContainerId: "c1",
      addresses: [],
      gateways: [],
    });
  });

  test("takes lists of addresses and gateways", () => {
    const { addresses, gateways } = parseArguments(
      "IP=10.0.0.1/24, fd00::1/64;GATEWAY=10.0.0.254",
      false,
    );
    expect(addresses).toEqual(["10.0.0.1/24", "fd00::1/64"]);
    expect(gateways).toEqual(["10.0.0.254"]);
  });

  test("knows K8S_POD_UID without IgnoreUnknown", () => {
    expect(parseArguments("K8S_POD_UID=u1", false).podUid).toBe("u1");
  });

  for (const text of ["IP", "IP=1=2", "IP=10.0.0.1;", ";"]) {
    test(`refuses "${text}", and passes it over where it is lenient`, () => {
      expect(() => parseArguments(text, false)).toThrow("KEY=VALUE");
      expect(parseArguments(text, true).podName).toBe("");
    });
  }

  test("refuses unknown keys unless IgnoreUnknown is 1 or true, wherever it stands", () => {
    expect(() => parseArguments("FOO=1;BAR=2", false)).toThrow("unknown FOO, BAR");
    expect(() => parseArguments("FOO=1;IgnoreUnknown=0", false)).toThrow("unknown FOO");
    for (const value of ["1", "true", "True"]) {
      expect(parseArguments(`FOO=1;IgnoreUnknown=${value};K8S_POD_NAME=p`, false).podName).toBe(
        "p",
      );
    }
  });

  test("keeps case: Go's keys are case-sensitive", () => {
    expect(() => parseArguments("ip=10.0.0.1", false)).toThrow("unknown ip");
  });
});
