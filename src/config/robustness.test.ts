import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { configurationError } from "./parse-configuration.ts";
import { parse, parseText, findings, fixed, files, parseWithFlat } from "./test-world.ts";

describe("parseConfiguration() withstands", () => {
  test("any JSON", () => {
    const keys = fc.constantFrom(
      "range",
      "ipRanges",
      "exclude",
      "gateway",
      "routes",
      "dns",
      "addresses",
      "kubernetes",
      "datastore",
      "network_name",
      "data_dir",
      "RANGE",
      "__proto__",
      "configuration_path",
      "range_start",
      "range_end",
      "strict",
      "reuse_delay",
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("10.0.0.0/24", "fd00::/64", "10.0.0.1", "local", ""),
    );
    const ipam = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(keys, value),
      fc.dictionary(
        keys,
        fc.array(fc.dictionary(fc.oneof(keys, fc.constantFrom("dst", "address", "gw")), value)),
      ),
    );
    fc.assert(
      fc.property(ipam, ipam, fc.boolean(), (own, flat, inCluster) => {
        const parsed = parseWithFlat(own, flat, { inCluster });
        if (parsed.faults.length > 0) configurationError(parsed.faults);
        for (const finding of [...parsed.faults, ...parsed.warnings]) {
          expect(finding.value.length).toBeLessThanOrEqual(80);
          expect(finding.expected).not.toBe("");
        }
        if (parsed.configuration.store === undefined)
          expect(parsed.faults.map(({ scope }) => scope)).toContain("store");
      }),
    );
  });

  test("keys of the prototype", () => {
    const parsed = parseText(
      '{"__proto__":{"range":"10.0.0.0/24"},"constructor":1,"toString":2,"hasOwnProperty":3}',
    );
    expect(parsed.configuration.ranges).toEqual([]);
    expect(parsed.warnings.map(({ path }) => path)).toEqual([
      "ipam.__proto__",
      "ipam.constructor",
      "ipam.toString",
      "ipam.hasOwnProperty",
    ]);
    expect(parseText('{"dns":{"__proto__":{"domain":"a"}}}').configuration.dns).toEqual({});
  });

  test("deep values", () => {
    const depth = 2000;
    const deep = "[".repeat(depth) + "]".repeat(depth);
    for (const key of ["range", "dns", "exclude", "log_file", "ipRanges", "kubernetes", "x"]) {
      const parsed = parseText(`{"${key}":${deep}}`);
      expect(parsed.faults.length + parsed.warnings.length).toBeGreaterThan(0);
    }
  });

  test("huge values in little time, and lists no more than a hundred of each kind", () => {
    const many = 20_000;
    const text = "9".repeat(1 << 20);
    const started = performance.now();
    const parsed = parse({
      range: "10.0.0.0/8",
      exclude: Array.from({ length: many }, (_, index) => `10.${index >> 8}.${index & 255}.1`),
      addresses: Array.from({ length: many }, () => ({ address: "10.255.0.1/8" })),
      routes: Array.from({ length: many }, () => ({ dst: text.slice(0, 40), mtu: text })),
      gateway: text,
      log_level: text,
      ...Object.fromEntries(Array.from({ length: many }, (_, index) => [`rang_${index}`, 1])),
    });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(parsed.faults).toHaveLength(101);
    expect(parsed.warnings).toHaveLength(101);
    expect(configurationError(parsed.faults).message).toContain("has more faults than are listed");
    expect(configurationError(parsed.faults).message.length).toBeLessThan(20_000);
  });
});

describe("values in messages", () => {
  test("never are secrets", () => {
    const flat = '{"etcd_password":"hunter2"';
    const texts = [
      parse({ etcd_password: ["hunter2"], etcd_username: { a: "hunter2" } }),
      parse({
        kubernetes: [{ token: "hunter2" }],
        etcd_pasword: "hunter2",
        my_password: "hunter2",
      }),
      parse({ log_file: { password: "hunter2", nested: { token: "hunter2" } } }),
      parse([{ etcd_password: "hunter2" }]),
      parse({ etcd_password: "a", ETCD_PASSWORD: "hunter2" }),
      parse({ etcd_password: "p", etcd_password_file: "hunter2" }),
      parse({ etcd_host: "e", etcd_username: "hunter2", etcd_cert_file: "x" }),
      ...[
        "http://hunter2@e",
        "hunter2@e",
        "http://u:hunter2@e",
        "u:hunter2@e:2379",
        "u:a,hunter2/?@e",
        "http://u:a@hunter2@e",
        `${"x".repeat(500)}:hunter2@e`,
        `u:hunter2${"x".repeat(500)}@e`,
      ].flatMap((url) => [
        parse({ etcd_host: url }),
        parse({ etcd_host: `a:x, ${url}` }),
        parse({ etcd_host: ["a:x", url] }),
        parse({ etcd_host: url.split(","), etcd_cert_file: "/c" }),
        parse({ etcd_host: { [url]: 1, a: url } }),
        parse({ etcd_host: [[url]] }),
        parse({ ETCD_HOST: url, Etcd_Host: url }),
        parse({ ETCD_HOST: url, etcd_host: "e" }),
        parse({ etcd_prefix: url, etcd_host: "e" }),
        parse({ etcd_legacy: url, etcd_host: "e" }),
        parse({ datastore: "kubernetes", etcd_host: [url, 5] }),
        parse({ kubernetes: [{ etcd_host: url }] }),
        parse(
          {},
          { readFlatFile: files({ [fixed[0] ?? ""]: JSON.stringify({ etcd_host: url }) }) },
        ),
      ]),
      parse({}, { readFlatFile: files({ [fixed[0] ?? ""]: flat }) }),
    ].flatMap(findings);
    expect(texts.join("\n")).not.toContain("hunter2");
    expect(texts[1]).toContain("(hidden)");
    expect(texts.length).toBeGreaterThanOrEqual(100);
  });

  test("are cut", () => {
    const [fault] = parse({ range: "x".repeat(1000) }).faults;
    expect(fault?.value).toHaveLength(80);
    expect(fault?.value).toEndWith("…");
  });
});
