import { describe, expect, test } from "bun:test";
import { configurationError } from "./parse-configuration.ts";
import { findings, parse } from "./test-world.ts";

describe("readEndpoints() refuses", () => {
  test.each<[object, string[]]>([
    [{ etcd_host: " " }, ['ipam.etcd_host: " " names no endpoint']],
    [{ etcd_host: "," }, ['ipam.etcd_host: "," names no endpoint']],
    [{ etcd_host: [""] }, ['ipam.etcd_host: [""] names no endpoint']],
    [{ etcd_host: {} }, ["ipam.etcd_host: {…} is not a string or a list of strings"]],
    [{ etcd_host: ["a", 1] }, ['ipam.etcd_host: ["a",1] is not a string or a list of strings']],
    [
      { etcd_host: "a:0,b,c/d" },
      [
        'ipam.etcd_host: "a:0" has a port that is not a number from 1 to 65535',
        'ipam.etcd_host: "c/d" has a path: give host and port alone',
      ],
    ],
    [
      { etcd_host: ["a", "http://b?c"] },
      ['ipam.etcd_host[1]: "http://b?c" has a query or a fragment: give host and port alone'],
    ],
    [
      { etcd_host: "http://u:p,w@e:2379" },
      [
        "ipam.etcd_host: holds a user name or password: give these by `etcd_username` and `etcd_password`",
      ],
    ],
    [
      { etcd_host: Array.from({ length: 33 }, (_, index) => `h${index}`).join(",") },
      [
        'ipam.etcd_host: "h0,h1,h2,h3,h4,h5,h6,h7,h8,h9,h10,h11,h12,h13,h14,h15,h16,h17,h18,h19,h20,h21,… names 33 endpoints; at most 32 are possible',
      ],
    ],
  ])("%j", (ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual(expected.map((text) => `store ${text}`));
    expect(parsed.configuration.store).toBeUndefined();
  });

  test("endpoints without end, in little time and few words", () => {
    const long = ["a b".repeat(1 << 18), "a,".repeat(1 << 19), ",".repeat(1 << 20)];
    for (const hosts of [...long, long, Array.from({ length: 1 << 18 }, () => "a b")]) {
      const started = performance.now();
      const { faults } = parse({ etcd_host: hosts });
      expect(performance.now() - started).toBeLessThan(2000);
      expect(faults.length).toBe(1);
      expect(configurationError(faults).message.length).toBeLessThan(300);
    }
  });
});

describe("readEndpoints() warns of", () => {
  test.each<[unknown, string[], string[]]>([
    ["a,,b", ["a", "b"], ['ipam.etcd_host: "a,,b" has an empty item, which has no effect']],
    ["a,", ["a"], ['ipam.etcd_host: "a," has an empty item, which has no effect']],
    [["a", ""], ["a"], ['ipam.etcd_host: ["a",""] has an empty item, which has no effect']],
    [
      ["a", "A:2379", "http://a/"],
      ["a"],
      [
        'ipam.etcd_host[1]: "A:2379" has no effect: http://a:2379 is named twice',
        'ipam.etcd_host[2]: "http://a/" has no effect: http://a:2379 is named twice',
      ],
    ],
  ])("%j", (hosts, expected, warnings) => {
    const parsed = parse({ etcd_host: hosts });
    expect(findings(parsed)).toEqual(warnings.map((text) => `warning ${text}`));
    expect(parsed.configuration.store).toMatchObject({
      endpoints: expected.map((name) => `http://${name}:2379`),
    });
  });
});
