import { describe, expect, test } from "bun:test";
import { formatAddress } from "../core/address.ts";
import { parse } from "./test-world.ts";

describe("parseConfiguration() reads results", () => {
  test("routes in canonical form, host bits as written, zeros of table and scope alone", () => {
    const { configuration, faults } = parse({
      routes: [
        {
          dst: "10.0.0.5/24",
          gw: "::FFFF:10.0.0.1",
          mtu: 0,
          advmss: 0,
          priority: 0,
          table: 0,
          scope: 0,
        },
        {
          dst: "FD00:0::/64",
          gw: "",
          mtu: 1400,
          advmss: 1360,
          priority: 100,
          table: 50,
          scope: 253,
        },
        { dst: "0.0.0.0/0", gw: null },
      ],
    });
    expect(faults).toEqual([]);
    expect(configuration.routes).toEqual([
      { dst: "10.0.0.5/24", gw: "10.0.0.1", table: 0, scope: 0 },
      { dst: "fd00::/64", mtu: 1400, advmss: 1360, priority: 100, table: 50, scope: 253 },
      { dst: "0.0.0.0/0" },
    ]);
  });

  test("static addresses, which have only their own gateway", () => {
    const { configuration, faults, warnings } = parse({
      range: "10.0.0.0/24",
      gateway: "10.0.0.1",
      exclude: ["10.0.0.9"],
      addresses: [
        { address: "10.0.0.9/24" },
        { address: "10.0.0.1/24" },
        { address: "fd00::1/64", gateway: "fd00::2" },
      ],
    });
    expect([...faults, ...warnings]).toEqual([]);
    expect(
      configuration.addresses.map(({ address, gateway }) =>
        [address, gateway].map((each) => each && formatAddress(each)),
      ),
    ).toEqual([
      ["10.0.0.9", undefined],
      ["10.0.0.1", undefined],
      ["fd00::1", "fd00::2"],
    ]);
  });

  test("dns without what is empty", () => {
    const { configuration } = parse({
      dns: { nameservers: [], domain: "", search: ["a"], options: null },
    });
    expect(configuration.dns).toEqual({ search: ["a"] });
  });
});
