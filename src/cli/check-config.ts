/** `whereabouts check-config FILE`: what a configuration means, and what is wrong with it. */
import { checkAnswerable } from "../config/answerable.ts";
import { newestCniVersion } from "../config/cni-version.ts";
import type { Fault, ParsedConfiguration } from "../config/configuration.ts";
import {
  DOCUMENT_LIMIT_BYTES,
  parseNetworkConfiguration,
} from "../config/network-configuration.ts";
import { formatWarning, parseConfiguration } from "../config/parse-configuration.ts";
import { formatAddress } from "../core/address.ts";
import { cidrContains, formatCidr } from "../core/cidr.ts";
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { Interval } from "../core/interval-set.ts";
import { intervalSet, setSize, subtractIntervals } from "../core/interval-set.ts";
import type { Range } from "../core/range.ts";
import { rangeSize, usableInterval } from "../core/range.ts";
import { printable } from "../lib/printable.ts";
import type { CliHost } from "./cli-host.ts";
import { networkName } from "./describe.ts";
import { explainStore, storeToJson } from "./describe-store.ts";
import type { Given } from "./options.ts";
import { wantsJson } from "./options.ts";
import type { Document } from "./select-store.ts";
import { readDocuments } from "./select-store.ts";
import { formatCount, formatTable, makeStyle } from "./terminal.ts";

/** Explains, and returns the exit code: 1 where ADD would be refused. */
export function runCheckConfig(host: CliHost, given: Given): 0 | 1 {
  const [path = ""] = given.positionals;
  const isJson = wantsJson(given);
  const checked = readDocuments(host, path).map((document) => ({
    document,
    parsed: checkWhole(
      document,
      parseConfiguration(document.ipam, {
        main: document.main ?? {},
        inCluster: given.flag("in-cluster"),
        defaultDataDir: host.defaultDataDir,
      }),
    ),
  }));
  if (isJson) {
    const body = checked.map(({ document, parsed }) => toJson(document, parsed));
    host.write(`${JSON.stringify(body, null, 2)}\n`);
  } else {
    host.write(
      checked.map(({ document, parsed }) => explain(host, path, document, parsed)).join("\n"),
    );
  }
  return checked.every(({ parsed }) => parsed.faults.length === 0) ? 0 : 1;
}

/** Adds what an ADD would refuse beyond the `ipam` object. */
function checkWhole({ main }: Document, parsed: ParsedConfiguration): ParsedConfiguration {
  const { ranges, addresses } = parsed.configuration;
  const found: Fault[] = [];
  const note = (path: string, expected: string): void => {
    found.push({ path, value: "", expected, scope: "range" });
  };
  try {
    const version =
      main === undefined ? newestCniVersion : parseNetworkConfiguration(main).cniVersion;
    // What is at fault may be what would give addresses.
    if (parsed.faults.length === 0) {
      checkAnswerable(version, { ranges, requested: [], statics: addresses });
    }
  } catch (error) {
    const details = error instanceof WhereaboutsError ? error.details : undefined;
    note("network", `${errorMessage(error)}${details === undefined ? "" : `: ${details}`}`);
  }
  if (JSON.stringify(main ?? {}).length > DOCUMENT_LIMIT_BYTES) {
    note("network", `is larger than ${DOCUMENT_LIMIT_BYTES} bytes`);
  }
  return { ...parsed, faults: [...parsed.faults, ...found] };
}

function explain(
  host: CliHost,
  path: string,
  { main }: Document,
  parsed: ParsedConfiguration,
): string {
  const style = makeStyle(host.hasColour);
  const { configuration, faults, warnings, flatFile } = parsed;
  const title =
    main === undefined
      ? "bare ipam object"
      : `network ${JSON.stringify(main["name"] ?? "")}, main plugin ${JSON.stringify(main["type"] ?? "")}`;
  const rows: (readonly [string, string])[] = [
    ...explainStore(configuration.store),
    ["flat file", flatFile ?? "none"],
    [
      "network",
      `${networkName(configuration.network)}${configuration.overlapping ? "" : ", each range on its own (overlapping ranges are off)"}`,
    ],
    ...configuration.ranges.flatMap(explainRange),
    ...configuration.addresses.map(({ address, prefixLength }): [string, string] => [
      "static",
      `${formatAddress(address)}/${prefixLength}, in every result, not reserved`,
    ]),
    ...configuration.routes.map(({ dst, gw }): [string, string] => [
      "route",
      gw === undefined ? dst : `${dst} via ${gw}`,
    ]),
  ];
  const table = formatTable(
    rows.map(([key, value]) => [`  ${style.dim(key.padEnd(12))}`, printable(value)]),
  );
  const lines = [
    ...warnings.map(
      (warning) => `  ${style.warn("warning")}  ${printable(formatWarning(warning))}\n`,
    ),
    ...faults.map((fault) => `  ${style.bad("fault")}    ${printable(formatWarning(fault))}\n`),
  ];
  const verdict =
    faults.length > 0
      ? style.bad(`ADD would be refused: ${count(faults.length, "fault")}`)
      : style.good(
          warnings.length > 0 ? `Usable, with ${count(warnings.length, "warning")}` : "Usable",
        );
  return `${style.bold(printable(path))}: ${printable(title)}\n${table}${lines.join("")}${verdict}\n`;
}

function explainRange(range: Range, index: number): [string, string][] {
  const { cidr, gateway } = range;
  const show = (value: bigint): string => formatAddress({ family: cidr.family, value });
  const bounds = {
    first: range.allowed[0]?.first ?? range.first,
    last: range.allowed.at(-1)?.last ?? range.last,
  };
  const excluded = exclusionsOf(range);
  return [
    [`range ${index + 1}`, formatCidr(cidr)],
    ["  first", show(bounds.first)],
    ["  last", show(bounds.last)],
    ["  addresses", formatCount(rangeSize(range))],
    ...(gateway === undefined
      ? []
      : ([
          [
            "  gateway",
            `${formatAddress(gateway)}${cidrContains(cidr, gateway) ? ", never given out" : ", outside of the range"}`,
          ],
        ] satisfies [string, string][])),
    ...(excluded.length === 0
      ? []
      : ([
          [
            "  left out",
            excluded
              .map(({ first, last }) =>
                first === last ? show(first) : `${show(first)}-${show(last)}`,
              )
              .join(", "),
          ],
        ] satisfies [string, string][])),
  ];
}

/** What a range does not give out of what its prefix would allow. */
function exclusionsOf({ cidr, allowed }: Range): readonly Interval[] {
  return subtractIntervals(usableInterval(cidr), intervalSet(allowed));
}

function toJson({ main }: Document, parsed: ParsedConfiguration): object {
  const { configuration, faults, warnings, flatFile } = parsed;
  return {
    name: main?.["name"],
    store: storeToJson(configuration.store),
    flatFile,
    network: configuration.network,
    overlappingRanges: configuration.overlapping,
    ranges: configuration.ranges.map((range) => {
      const show = (value: bigint): string => formatAddress({ family: range.cidr.family, value });
      return {
        range: formatCidr(range.cidr),
        first: show(range.allowed[0]?.first ?? range.first),
        last: show(range.allowed.at(-1)?.last ?? range.last),
        addresses: rangeSize(range).toString(),
        gateway: range.gateway && formatAddress(range.gateway),
        excluded: exclusionsOf(range).map(({ first, last }) => ({
          first: show(first),
          last: show(last),
        })),
        excludedCount: setSize(exclusionsOf(range)).toString(),
      };
    }),
    faults,
    warnings,
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
