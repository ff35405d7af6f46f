import { describe, expect, test } from "bun:test";
import { formatWarning } from "./parse-configuration.ts";
import { parse, files, findings, fixed, folderAt } from "./test-world.ts";

describe("parseConfiguration() chooses the store", () => {
  const absent =
    ', which this version does not have: it stores in etcd, as `"etcd_host": "HOST:PORT"` says, or in SQLite on one host only, as `"datastore": "local"` says';
  test.each([
    [
      { datastore: "kubernetes" },
      `ipam.datastore: "kubernetes" chooses a store which this version`,
    ],
    [{ datastore: "Local" }, 'ipam.datastore: "Local" is not "local", "etcd" or "kubernetes"'],
    [
      { kubernetes: { kubeconfig: "/k" } },
      `ipam.kubernetes.kubeconfig: "/k" chooses the store kubernetes${absent}`,
    ],
    [
      { kubernetes: { k8s_api_root: "/k" } },
      `ipam.kubernetes.k8s_api_root: "/k" chooses the store kubernetes`,
    ],
  ])("of %j: not in this version", (ipam, expected) => {
    for (const inCluster of [true, false]) {
      const parsed = parse(ipam, { inCluster });
      expect(parsed.configuration.store).toBeUndefined();
      expect(parsed.faults.map(({ scope }) => scope)).toEqual(["store"]);
      expect(parsed.faults.map(formatWarning).join()).toStartWith(expected);
    }
  });

  test.each([
    { etcd_host: "e" },
    { etcd_host: ["e"], kubernetes: { kubeconfig: "/k" } },
    { datastore: "etcd", etcd_host: "e", kubernetes: { kubeconfig: "/k" }, data_dir: "/d" },
  ])("etcd as %j says, in a cluster too", (ipam) => {
    for (const inCluster of [true, false]) {
      const parsed = parse(ipam, { inCluster });
      expect(findings(parsed)).toEqual([]);
      expect(parsed.configuration.store?.kind).toBe("etcd");
    }
  });

  test("etcd only by naming a server", () => {
    expect(findings(parse({ datastore: "etcd" }))).toEqual([
      'store ipam.etcd_host: is missing: name an etcd server, such as `"etcd_host": "127.0.0.1:2379"`, or several, separated by commas',
    ]);
    for (const inCluster of [true, false]) {
      expect(findings(parse({ etcd_host: "", etcd_prefix: "/a/" }, { inCluster }))).toEqual([
        'store ipam.etcd_host: is missing: `etcd_prefix` is about etcd, so name its server; or `"datastore": "local"` stores on this one host',
      ]);
    }
  });

  test("nothing where the flat file, which may name a server, cannot be read", () => {
    for (const ipam of [{ datastore: "etcd" }, { etcd_host: "e" }, { etcd_username: "u" }]) {
      const parsed = parse(ipam, { readFlatFile: files({ [fixed[1] ?? ""]: "{" }) });
      expect(parsed.configuration.store).toBeUndefined();
      expect(parsed.faults.map(({ path }) => path)).toEqual([fixed[1] ?? ""]);
    }
  });

  test.each([
    { datastore: "local", etcd_host: "e", kubernetes: { kubeconfig: "/k" } },
    { datastore: "local" },
  ])("local as %j says, in a cluster too", (ipam) => {
    const parsed = parse(ipam, { inCluster: true });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.store).toEqual({ kind: "local", dataDir: "/default" });
  });

  test.each([{}, { kubernetes: {} }, { kubernetes: { kubeconfig: "" } }])(
    "local by default for %j, never in a cluster",
    (ipam) => {
      expect(parse(ipam).configuration.store?.kind).toBe("local");
      const parsed = parse(
        { ...ipam, configuration_path: "/folder" },
        { inCluster: true, readFlatFile: folderAt("/folder") },
      );
      expect(parsed.configuration.store).toBeUndefined();
      expect(findings(parsed)).toEqual([
        "store ipam.datastore: is missing: in a Kubernetes cluster no store is chosen by default, and no flat file was found " +
          "(looked for /folder, /etc/kubernetes/cni/net.d/whereabouts.d/whereabouts.conf, " +
          "/etc/cni/net.d/whereabouts.d/whereabouts.conf, /host/etc/cni/net.d/whereabouts.d/whereabouts.conf); " +
          '`"etcd_host": "HOST:PORT"` stores in etcd, `"datastore": "local"` on this one host',
      ]);
    },
  );

  test("a kubernetes that is no object, never local by default", () => {
    const parsed = parse({ kubernetes: "x" });
    expect(parsed.configuration.store).toBeUndefined();
    expect(parsed.faults.map(({ scope, path }) => `${scope} ${path}`)).toEqual([
      "range ipam.kubernetes",
      "store ipam.kubernetes",
    ]);
  });
});
