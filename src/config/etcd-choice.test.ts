import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isJsonObject } from "../core/json.ts";
import type { EtcdStoreChoice } from "./configuration.ts";
import { etcdKeys } from "./known-keys.ts";
import { configurationError } from "./parse-configuration.ts";
import { fixed, findings, parse, parseWithFlat } from "./test-world.ts";

const host = { etcd_host: "e" };
const plain: EtcdStoreChoice = {
  kind: "etcd",
  endpoints: ["http://e:2379"],
  prefix: "/whereabouts.cni.cncf.io/v1/",
};
const tlsFiles = { etcd_ca_cert_file: "/ca", etcd_cert_file: "/cert", etcd_key_file: "/key" };

describe("parseConfiguration() reads the store etcd", () => {
  test.each<[object, Partial<EtcdStoreChoice>]>([
    [host, {}],
    [{ etcd_host: "127.0.0.1:2379" }, { endpoints: ["http://127.0.0.1:2379"] }],
    [
      { etcd_host: "a, http://b:1 ,https://[::1]" },
      { endpoints: ["http://a:2379", "http://b:1", "https://[::1]:2379"] },
    ],
    [{ etcd_host: ["b", " a:1 "] }, { endpoints: ["http://b:2379", "http://a:1"] }],
    [
      { ...tlsFiles, etcd_host: "a,https://b" },
      {
        endpoints: ["https://a:2379", "https://b:2379"],
        tls: { caFile: "/ca", certFile: "/cert", keyFile: "/key" },
      },
    ],
    [
      { ...host, etcd_ca_cert_file: "/ca" },
      { endpoints: ["https://e:2379"], tls: { caFile: "/ca" } },
    ],
    [
      { ...host, etcd_cert_file: "/cert", etcd_key_file: "/key" },
      { endpoints: ["https://e:2379"], tls: { certFile: "/cert", keyFile: "/key" } },
    ],
    [
      { ...host, etcd_username: "u", etcd_password: "p" },
      { credentials: { username: "u", password: "p" } },
    ],
    [
      { ...host, etcd_username: "u", etcd_password: "", etcd_password_file: "/p" },
      { credentials: { username: "u", passwordFile: "/p" } },
    ],
    [{ ...host, etcd_prefix: "/a" }, { prefix: "/a/" }],
    [{ ...host, etcd_legacy: "mixed" }, { legacy: "mixed" }],
    [{ ...host, etcd_legacy: "off" }, { legacy: "off" }],
    [
      {
        ...host,
        etcd_username: "",
        etcd_password: "",
        etcd_password_file: "",
        etcd_ca_cert_file: "",
        etcd_cert_file: "",
        etcd_key_file: null,
        etcd_prefix: null,
        etcd_legacy: "",
      },
      {},
    ],
  ])("%j", (ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual([]);
    // Strictly: a key that is absent is not there as undefined.
    expect(parsed.configuration.store).toStrictEqual({ ...plain, ...expected });
  });

  test("as the April 2019 example has it", () => {
    const document: unknown = JSON.parse(
      '{"cniVersion":"0.3.0","name":"whereaboutsexample","type":"macvlan","master":"eth0","mode":"bridge","ipam":{"type":"whereabouts","range":"192.168.2.225/28","etcd_host":"127.0.0.1:2379","log_file":"/tmp/whereabouts.log","log_level":"debug","gateway":"192.168.2.1"}}',
    );
    const parsed = parse(isJsonObject(document) ? document["ipam"] : undefined);
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.store).toEqual({
      kind: "etcd",
      endpoints: ["http://127.0.0.1:2379"],
      prefix: "/whereabouts.cni.cncf.io/v1/",
    });
  });

  test("each key from the flat file", () => {
    const ipam = {
      ...tlsFiles,
      etcd_host: ["a"],
      etcd_username: "u",
      etcd_password_file: "/p",
      etcd_prefix: "/a",
      etcd_legacy: "off",
    };
    const whole = parse(ipam).configuration.store;
    expect(whole?.kind).toBe("etcd");
    expect(parseWithFlat({}, ipam).configuration.store).toEqual(whole);
    expect(parseWithFlat({ etcd_host: [] }, ipam).configuration.store).toEqual(whole);
    for (const [key, value] of Object.entries(ipam)) {
      const parsed = parseWithFlat({ ...ipam, [key]: undefined }, { [key]: value });
      expect(parsed.configuration.store).toEqual(whole);
    }
    expect(findings(parseWithFlat({ etcd_host: "a" }, { etcd_legacy: "x" }))).toEqual([
      `store ${fixed[1]}: etcd_legacy: "x" is not "mixed" or "off"`,
    ]);
  });
});

describe("parseConfiguration() refuses of the store etcd", () => {
  test.each<[object, string[]]>([
    [
      { ...tlsFiles, etcd_host: "http://a,b" },
      [
        'ipam.etcd_host: "http://a" is without TLS, but `etcd_ca_cert_file` is given: write https://',
      ],
    ],
    [
      { ...host, etcd_cert_file: "/cert" },
      ['ipam.etcd_cert_file: "/cert" needs `etcd_key_file` beside it'],
    ],
    [
      { ...host, etcd_ca_cert_file: "/ca", etcd_key_file: "/key" },
      ['ipam.etcd_key_file: "/key" needs `etcd_cert_file` beside it'],
    ],
    [
      { ...host, etcd_ca_cert_file: "ca", etcd_cert_file: "a/b", etcd_key_file: "/a\0" },
      [
        'ipam.etcd_ca_cert_file: "ca" is not an absolute path',
        'ipam.etcd_cert_file: "a/b" is not an absolute path',
        String.raw`ipam.etcd_key_file: "/a\u0000" is not an absolute path`,
      ],
    ],
    [
      { ...host, etcd_username: "u" },
      ["ipam.etcd_username: (hidden) needs `etcd_password` or `etcd_password_file` beside it"],
    ],
    [
      { ...host, etcd_password: "p" },
      ["ipam.etcd_password: (hidden) needs `etcd_username` beside it"],
    ],
    [
      { ...host, etcd_password_file: "/p" },
      ["ipam.etcd_password_file: (hidden) needs `etcd_username` beside it"],
    ],
    [
      { ...host, etcd_username: "u", etcd_password: "p", etcd_password_file: "/p" },
      ["ipam.etcd_password_file: (hidden) is given beside `etcd_password`: give one of them"],
    ],
    [
      { ...host, etcd_username: "u", etcd_password_file: "p" },
      ["ipam.etcd_password_file: (hidden) is not an absolute path"],
    ],
    [{ ...host, etcd_legacy: "on" }, ['ipam.etcd_legacy: "on" is not "mixed" or "off"']],
    [
      { ...host, etcd_username: 1, etcd_password: 2, etcd_prefix: 3, etcd_legacy: true },
      [
        "ipam.etcd_username: (hidden) is not a string",
        "ipam.etcd_password: (hidden) is not a string",
        "ipam.etcd_prefix: 3 is not a string",
        "ipam.etcd_legacy: true is not a string",
      ],
    ],
  ])("%j", (ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual(expected.map((text) => `store ${text}`));
    expect(parsed.configuration.store).toBeUndefined();
  });

  test("nothing where another store is chosen, but for types, which are no fault of the store", () => {
    const beside = { etcd_host: "a b", etcd_username: "u", etcd_prefix: "/", etcd_legacy: "x" };
    const parsed = parse({ datastore: "local", ...beside });
    expect(findings(parsed)).toEqual([]);
    for (const key of etcdKeys) {
      for (const ipam of [
        { datastore: "local", [key]: 5 },
        { datastore: "local", [key]: [5] },
      ]) {
        const { faults, configuration } = parse(ipam);
        expect(faults.map(({ path, scope }) => `${scope} ${path}`)).toEqual([`range ipam.${key}`]);
        expect(configuration.store?.kind).toBe("local");
      }
    }
  });
});

describe("parseConfiguration() withstands", () => {
  test("any JSON under the keys of etcd", () => {
    const right = fc
      .tuple(
        fc.constantFrom({ etcd_host: "e,http://a:1" }, { etcd_host: ["https://b", "c"] }, {}),
        fc.constantFrom({ etcd_username: "u", etcd_password: "p" }, {}),
        fc.constantFrom({ etcd_cert_file: "/cert", etcd_key_file: "/key" }, {}),
        fc.constantFrom({ etcd_prefix: "/a", etcd_legacy: "off" }, { datastore: "etcd" }, {}),
      )
      .map((parts): object => Object.assign({}, ...parts));
    const key = fc.constantFrom(...etcdKeys, "datastore", "ETCD_HOST");
    const ipam = fc
      .tuple(right, fc.dictionary(key, fc.jsonValue(), { maxKeys: 2 }))
      .map(([keys, changes]) => ({ ...keys, ...changes }));
    let accepted = 0;
    fc.assert(
      fc.property(ipam, fc.option(ipam), fc.boolean(), (own, flat, inCluster) => {
        const { configuration, faults } = parseWithFlat(own, flat ?? {}, { inCluster });
        if (faults.length > 0) configurationError(faults);
        const { store } = configuration;
        if (store === undefined) expect(faults.some(({ scope }) => scope === "store")).toBe(true);
        if (store?.kind !== "etcd") return;
        accepted++;
        expect(store.endpoints.length).toBeGreaterThan(0);
        expect(new Set(store.endpoints).size).toBe(store.endpoints.length);
        for (const endpoint of store.endpoints) expect(URL.canParse(endpoint)).toBe(true);
        expect(store.prefix).toMatch(/^\/.+\/$/);
        const isTls = store.endpoints.every((endpoint) => endpoint.startsWith("https://"));
        if (store.tls !== undefined) expect(isTls).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
