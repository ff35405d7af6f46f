import { describe, expect, test } from "bun:test";
import { formatAddress } from "../core/address.ts";
import { tryParseInterface } from "../core/cidr.ts";
import type { Range } from "../core/range.ts";
import { makeRange } from "../core/range.ts";
import { parseArguments } from "./arguments.ts";
import { parseRequested } from "./requested-addresses.ts";

function range(text: string): Range {
  const cidr = tryParseInterface(text)?.cidr;
  const made = cidr && makeRange({ cidr });
  if (made === undefined) throw new Error(text);
  return made;
}

const ranges = [range("10.0.0.0/24"), range("fd00::/64")];

function requested(
  main: object,
  args = "",
): { addresses: readonly string[]; statics: readonly string[] } {
  const { addresses, statics } = parseRequested({ ...main }, parseArguments(args, false), ranges);
  return {
    addresses: addresses.map(formatAddress),
    statics: statics.map(
      ({ address, prefixLength, gateway }) =>
        `${formatAddress(address)}/${prefixLength} ${gateway ? formatAddress(gateway) : ""}`,
    ),
  };
}

describe("parseRequested()", () => {
  test("prefers runtimeConfig.ips to args.cni.ips to CNI_ARGS IP", () => {
    const runtimeConfig = { ips: ["10.0.0.1", "fd00::1/64"] };
    const args = { cni: { ips: ["10.0.0.2"] } };
    const ip = "IP=10.0.0.3";
    expect(requested({ runtimeConfig, args }, ip).addresses).toEqual(["10.0.0.1", "fd00::1"]);
    expect(requested({ args }, ip).addresses).toEqual(["10.0.0.2"]);
    expect(requested({}, ip).addresses).toEqual(["10.0.0.3"]);
    expect(
      requested({ runtimeConfig: { ips: [] }, args: { cni: { ips: null } } }, ip).addresses,
    ).toEqual(["10.0.0.3"]);
    expect(requested({}).addresses).toEqual([]);
  });

  test("takes each address once", () => {
    expect(
      requested({ runtimeConfig: { ips: ["10.0.0.1", "10.0.0.1/24", "::ffff:10.0.0.1"] } })
        .addresses,
    ).toEqual(["10.0.0.1"]);
  });

  test("appends what CNI_ARGS names outside of all ranges with a prefix length, with its gateway", () => {
    const { addresses, statics } = requested(
      {},
      "IP=10.0.0.5/24,172.16.0.5/16,fd01::5/64;GATEWAY=172.16.0.1,fd02::1",
    );
    expect(addresses).toEqual(["10.0.0.5"]);
    expect(statics).toEqual(["172.16.0.5/16 172.16.0.1", "fd01::5/64 "]);
  });

  test("leaves what has no prefix length to the ranges, which refuse it", () => {
    expect(requested({}, "IP=172.16.0.5").addresses).toEqual(["172.16.0.5"]);
  });

  for (const ips of ["10.0.0.1", {}, [7], ["10.0.0.1/33"], ["x"], [null]]) {
    test(`refuses runtimeConfig.ips ${JSON.stringify(ips)}`, () => {
      expect(() => requested({ runtimeConfig: { ips } })).toThrow("runtimeConfig.ips");
    });
  }

  test("refuses CNI_ARGS that are no addresses", () => {
    expect(() => requested({}, "IP=x")).toThrow('IP: "x" is not an address');
    expect(() => requested({}, "GATEWAY=x")).toThrow('GATEWAY: "x" is not an address');
  });
});
