/** `whereabouts pools`: how full each range is. */
import { configurationError } from "../config/parse-configuration.ts";
import { formatAddress } from "../core/address.ts";
import { formatCidr } from "../core/cidr.ts";
import { formatRange, rangeSize } from "../core/range.ts";
import type { Pool, Usage } from "../store/store.ts";
import type { CliHost } from "./cli-host.ts";
import { networkName } from "./describe.ts";
import type { Given } from "./options.ts";
import { wantsJson } from "./options.ts";
import { readConfiguration, selectedNetwork, withStore } from "./select-store.ts";
import type { Style } from "./terminal.ts";
import { formatBar, formatCount, formatDuration, formatTable, makeStyle } from "./terminal.ts";

const BAR_WIDTH = 24;

/** Draws, and returns the exit code. */
export async function runPools(host: CliHost, given: Given): Promise<0> {
  const isJson = wantsJson(given);
  const network = selectedNetwork(host, given);
  const pools = configuredPools(host, given);
  const all = await withStore(host, given, async ({ store }) => await store.usage(pools));
  const usages = all.filter(({ pool }) => network === undefined || pool.network === network);
  if (isJson) host.write(`${JSON.stringify(usages.map(usageToJson), null, 2)}\n`);
  else if (usages.length === 0) host.write("No range was used so far.\n");
  else host.write(formatPools(host, usages));
  return 0;
}

/** The ranges of the configuration that `--config` names; undefined for all that were ever used. */
function configuredPools(host: CliHost, given: Given): readonly Pool[] | undefined {
  if (given.text("config") === undefined) return undefined;
  const { configuration, faults } = readConfiguration(host, given);
  if (faults.length > 0) throw configurationError(faults);
  const { network, overlapping, ranges } = configuration;
  return ranges.map((range) => ({ network, overlapping, range }));
}

function formatPools(host: CliHost, usages: readonly Usage[]): string {
  const style = makeStyle(host.hasColour);
  const header = ["NETWORK", "RANGE", "USE", "", ""].map((title) => style.bold(title));
  return formatTable([header, ...usages.map((usage) => poolRow(usage, style, host.now()))]);
}

function poolRow(usage: Usage, style: Style, nowMs: number): string[] {
  const { pool, held, resting, restsUntilMs, lowestFree } = usage;
  const size = rangeSize(pool.range);
  const share = shareOf(held, size);
  const colour = share >= 0.95 ? style.bad : share >= 0.8 ? style.warn : style.good;
  const notes = [
    `${formatCount(held)} of ${formatCount(size)}`,
    ...(resting > 0n ? [`${formatCount(resting)} resting`] : []),
    lowestFree === undefined
      ? restsUntilMs === undefined
        ? "full"
        : `full, next in ${formatDuration(restsUntilMs - nowMs)}`
      : `next ${formatAddress(lowestFree)}`,
    ...(pool.overlapping ? [] : ["overlapping ranges off"]),
  ];
  return [
    networkName(pool.network),
    formatRange(pool.range),
    colour(formatBar(share, BAR_WIDTH)),
    formatPercent(share),
    notes.join(", "),
  ];
}

function usageToJson({ pool, held, resting, restsUntilMs, lowestFree }: Usage): object {
  const { cidr, first, last, allowed } = pool.range;
  const { family } = cidr;
  return {
    network: pool.network,
    range: formatCidr(cidr),
    first: formatAddress({ family, value: allowed[0]?.first ?? first }),
    last: formatAddress({ family, value: allowed.at(-1)?.last ?? last }),
    overlappingRanges: pool.overlapping,
    // Text, because a /64 has more than a JSON number can say.
    size: rangeSize(pool.range).toString(),
    held: held.toString(),
    resting: resting.toString(),
    ...(restsUntilMs !== undefined && { restsUntil: new Date(restsUntilMs).toISOString() }),
    ...(lowestFree !== undefined && { lowestFree: formatAddress(lowestFree) }),
  };
}

/** A share between 0 and 1. */
function shareOf(held: bigint, size: bigint): number {
  return Number(held) / Number(size);
}

function formatPercent(share: number): string {
  const percent = share * 100;
  const text = percent > 0 && percent < 1 ? "<1" : Math.floor(percent).toString();
  return `${text.padStart(3)} %`;
}
