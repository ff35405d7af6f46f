/** `whereabouts release ADDRESS`: frees what a holder has, because a person says so. */
import type { Address } from "../core/address.ts";
import { formatAddress } from "../core/address.ts";
import type { Allocation } from "../core/allocation.ts";
import { formatHolder, formatHoldings } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { World } from "../ipam/world.ts";
import { sightOf } from "../ipam/world.ts";
import { formatCidr } from "../core/cidr.ts";
import type { Listed } from "../store/store.ts";
import { printable } from "../lib/printable.ts";
import type { CliHost } from "./cli-host.ts";
import { allocationToJson, networkName, nodeName } from "./describe.ts";
import { agree } from "./agree.ts";
import type { Given } from "./options.ts";
import { UsageError, wantsJson } from "./options.ts";
import { selectedNetwork, withStore } from "./select-store.ts";
import { addressArgument, findAt } from "./show.ts";

/** Releases, and returns the exit code: 1 where nothing was released. */
export async function runRelease(host: CliHost, given: Given): Promise<0 | 1> {
  const address = addressArgument(given);
  const isJson = wantsJson(given);
  return await withStore(host, given, async (world) => {
    const { allocation } = await findHeld(host, world, address, given);
    const { owner, holdings, sequence, reuseDelaySeconds } = allocation;
    const document = `${JSON.stringify([releasedToJson(allocation)], null, 2)}\n`;
    if (!agree(host, given, describe(world, allocation), isJson)) {
      const isDryRun = given.flag("dry-run");
      if (isJson) host.write(isDryRun ? document : "[]\n");
      return isDryRun ? 0 : 1;
    }
    const result = await world.store.release(owner, {
      expected: sequence,
      restSeconds: reuseDelaySeconds,
    });
    if (result !== "released") {
      throw new WhereaboutsError(
        "try-later",
        `${formatAddress(address)} was released or confirmed by another call meanwhile; look again`,
      );
    }
    host.write(isJson ? document : `Released ${formatHoldings(holdings)}\n`);
    return 0;
  });
}

/** The one holder of an address. Throws `address-unavailable` if there is none, {@link UsageError} if there are several. */
async function findHeld(
  host: CliHost,
  world: World,
  address: Address,
  given: Given,
): Promise<Listed & { kind: "held" }> {
  const range = given.text("range");
  const found = (await findAt(world, address, selectedNetwork(host, given)))
    .filter((listed) => listed.kind === "held")
    .filter(({ holding }) => range === undefined || formatCidr(holding.cidr) === range);
  const [listed, ...more] = found;
  if (listed === undefined) {
    throw new WhereaboutsError(
      "address-unavailable",
      `${formatAddress(address)} is held by nobody; nothing to release`,
    );
  }
  if (more.length === 0) return listed;
  const places = found.map(
    ({ allocation, holding }) =>
      `${networkName(allocation.owner.network)} (${formatCidr(holding.cidr)})`,
  );
  throw new UsageError(
    `${formatAddress(address)} is held ${found.length} times, in ${places.join(", ")}: name one with --network and --range`,
  );
}

function describe(world: World, allocation: Allocation): string {
  const { owner, holdings } = allocation;
  const isAlive = owner.node === world.node && sightOf(world, allocation) === "same";
  const warning = isAlive
    ? "\nIts network namespace still stands: another pod may get an address that is in use."
    : "";
  return `Release ${formatHoldings(holdings)} of ${printable(formatHolder(allocation))} on ${nodeName(owner.node, world.node)}, network ${networkName(owner.network)}${warning}`;
}

/** What was freed, as `gc` says it. */
export function releasedToJson(allocation: Allocation): object {
  const addresses = allocation.holdings.map(({ address }) => formatAddress(address));
  return { addresses, ...allocationToJson(allocation) };
}
