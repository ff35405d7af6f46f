/** What the tests of this folder share: parsing in a made-up world, and texts to compare. */
import { formatAddress } from "../core/address.ts";
import { formatCidr } from "../core/cidr.ts";
import type { Range } from "../core/range.ts";
import type { ParsedConfiguration } from "./configuration.ts";
import type { ConfigurationContext } from "./parse-configuration.ts";
import { formatWarning, parseConfiguration } from "./parse-configuration.ts";

const context: ConfigurationContext = {
  main: {},
  inCluster: false,
  defaultDataDir: "/default",
  readFlatFile: () => undefined,
};

export function parse(
  ipam: unknown,
  changes: Partial<ConfigurationContext> = {},
): ParsedConfiguration {
  return parseConfiguration(ipam, { ...context, ...changes });
}

export function parseText(json: string): ParsedConfiguration {
  return parse(JSON.parse(json));
}

/** Faults and warnings as text, each with its scope or `warning`. */
export function findings({ faults, warnings }: ParsedConfiguration): string[] {
  return [
    ...faults.map((fault) => `${fault.scope} ${formatWarning(fault)}`),
    ...warnings.map((warning) => `warning ${formatWarning(warning)}`),
  ];
}

export function rangeText({ cidr, first, last, gateway }: Range): string {
  const [from, to] = [first, last].map((value) => formatAddress({ family: cidr.family, value }));
  return `${formatCidr(cidr)} ${from} ${to}${gateway ? ` via ${formatAddress(gateway)}` : ""}`;
}

export function allowedText({ cidr, allowed }: Range): string {
  return allowed
    .map(({ first, last }) =>
      [first, last].map((value) => formatAddress({ family: cidr.family, value })).join("-"),
    )
    .join(" ");
}
export const fixed = [
  "/etc/kubernetes/cni/net.d/whereabouts.d/whereabouts.conf",
  "/etc/cni/net.d/whereabouts.d/whereabouts.conf",
  "/host/etc/cni/net.d/whereabouts.d/whereabouts.conf",
];

export function files(content: Record<string, string>): (path: string) => string | undefined {
  return (path) => (Object.hasOwn(content, path) ? content[path] : undefined);
}

export function folderAt(folder: string): (path: string) => string | undefined {
  return (path) => {
    if (path !== folder) return undefined;
    throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
  };
}

export function parseWithFlat(
  ipam: unknown,
  flat: unknown,
  changes: Partial<ConfigurationContext> = {},
): ParsedConfiguration {
  return parse(ipam, {
    readFlatFile: files({ [fixed[1] ?? ""]: JSON.stringify(flat) }),
    ...changes,
  });
}
