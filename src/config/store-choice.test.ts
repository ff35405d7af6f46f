import { describe, expect, test } from "bun:test";
import { formatWarning } from "./parse-configuration.ts";
import { parse, findings, folderAt } from "./test-world.ts";

describe("parseConfiguration() chooses the store", () => {
  const absent =
    ', which this version does not have: it stores in SQLite on one host only, as `"datastore": "local"` says';
  test.each([
    [{ datastore: "etcd" }, `ipam.datastore: "etcd" chooses a store which this version`],
    [
      { datastore: "kubernetes" },
      `ipam.datastore: "kubernetes" chooses a store which this version`,
    ],
    [{ datastore: "Local" }, 'ipam.datastore: "Local" is not "local", "etcd" or "kubernetes"'],
    [{ etcd_host: "e:2379" }, `ipam.etcd_host: "e:2379" chooses the store etcd${absent}`],
    [
      { etcd_host: "e", kubernetes: { kubeconfig: "/k" } },
      `ipam.etcd_host: "e" chooses the store etcd${absent}`,
    ],
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
          '`"datastore": "local"` stores on this one host',
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
