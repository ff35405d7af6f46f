/** `whereabouts show ADDRESS`: who holds an address, since when, and what is known of its holder. */
import type { Address } from "../core/address.ts";
import { formatAddress, tryParseAddress } from "../core/address.ts";
import type { Allocation } from "../core/allocation.ts";
import { formatCidr } from "../core/cidr.ts";
import { cidrContains } from "../core/cidr.ts";
import type { NetnsSight, Proof } from "../core/liveness.ts";
import { formatProof, proveDead } from "../core/liveness.ts";
import { formatRange, rangeAllows } from "../core/range.ts";
import type { World } from "../ipam/world.ts";
import { sightOf } from "../ipam/world.ts";
import type { Listed } from "../store/store.ts";
import { printable } from "../lib/printable.ts";
import type { CliHost } from "./cli-host.ts";
import { holderName, listedToJson, networkName } from "./describe.ts";
import type { Given } from "./options.ts";
import { UsageError, wantsJson } from "./options.ts";
import { selectedNetwork, withStore } from "./select-store.ts";
import { formatDuration, formatTable, makeStyle } from "./terminal.ts";

/** The address that a command is about. Throws {@link UsageError}. */
export function addressArgument({ positionals }: Given): Address {
  const [text = ""] = positionals;
  const address = tryParseAddress(text);
  if (address === undefined) throw new UsageError(`"${text}" is not an IP address`);
  return address;
}

/** What is held at an address, in every network or in the selected one. */
export async function findAt(
  world: World,
  address: Address,
  network: string | undefined,
): Promise<readonly Listed[]> {
  const filter = { first: address, last: address, ...(network !== undefined && { network }) };
  return await Array.fromAsync(world.store.list(filter));
}

/** Shows, and returns the exit code: 1 where nobody holds the address. */
export async function runShow(host: CliHost, given: Given): Promise<0 | 1> {
  const address = addressArgument(given);
  const isJson = wantsJson(given);
  return await withStore(host, given, async (world) => {
    const found = await findAt(world, address, selectedNetwork(host, given));
    if (isJson)
      host.write(
        `${JSON.stringify(
          found.map((listed) => toJson(world, listed)),
          null,
          2,
        )}\n`,
      );
    else if (found.length === 0) host.write(await describeFree(world, address));
    else host.write(found.map((listed) => describe(host, world, listed)).join("\n"));
    return found.some(({ kind }) => kind === "held") ? 0 : 1;
  });
}

function toJson(world: World, listed: Listed): object {
  const document = listedToJson(listed);
  if (listed.kind !== "held" || listed.allocation.owner.node !== world.node) return document;
  const { netns, proof } = lookAt(world, listed.allocation);
  return { ...document, netnsSight: netns, ...(proof !== undefined && { proofOfDeath: proof }) };
}

function describe(host: CliHost, world: World, listed: Listed): string {
  const style = makeStyle(host.hasColour);
  const { address, cidr, overlapping } = listed.holding;
  const rows: [string, string][] =
    listed.kind === "held"
      ? heldRows(world, listed.allocation, host.now())
      : restingRows(listed, host.now());
  rows.push(["range", `${formatCidr(cidr)}${overlapping ? "" : " (overlapping ranges are off)"}`]);
  const title = `${formatAddress(address)} ${listed.kind === "held" ? "is held" : "rests"}`;
  return `${style.bold(title)}\n${formatTable(rows.map(([key, value]) => [`  ${style.dim(key)}`, value]))}`;
}

function heldRows(world: World, allocation: Allocation, nowMs: number): [string, string][] {
  const { owner, podName, containerId, name, confirmedAt, netns, holdings } = allocation;
  const age = formatDuration(nowMs - Date.parse(confirmedAt));
  const others =
    holdings.length > 1
      ? holdings.map((holding) => formatAddress(holding.address)).join(", ")
      : undefined;
  const rows: [string, string | undefined][] = [
    ["pod", podName === undefined ? undefined : holderName(allocation)],
    ["pod UID", owner.pod === containerId ? undefined : owner.pod],
    ["container", containerId],
    ["interface", owner.interfaceName],
    ["holds in all", others],
    [
      "network",
      `${networkName(owner.network)}${name === undefined ? "" : ` (CNI network ${name})`}`,
    ],
    ["node", owner.node === world.node ? `${owner.node} (this node)` : owner.node || "unknown"],
    ["netns", netns?.path],
    ["confirmed", `${confirmedAt} (${age} ago)`],
    ["alive", describeLife(world, allocation)],
  ];
  return rows.flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, printable(value)]],
  );
}

function describeLife(world: World, allocation: Allocation): string {
  if (allocation.owner.node !== world.node) return "only its own node can tell";
  const { netns, proof } = lookAt(world, allocation);
  if (proof !== undefined) return `no: ${formatProof(proof)}; "whereabouts gc" takes it back`;
  return netns === "same"
    ? "yes: its network namespace stands"
    : "its network namespace cannot be looked at; held until DEL";
}

/** What this node can tell of a holder of its own; "superseded" needs a look at all others, which `gc` takes. */
function lookAt(
  world: World,
  allocation: Allocation,
): { netns: NetnsSight; proof: Proof | undefined } {
  const netns = sightOf(world, allocation);
  const { bootId } = world.now();
  return { netns, proof: proveDead(allocation, { bootId, netns, superseded: false }) };
}

function restingRows(
  { lastOwner, restsUntilMs }: Listed & { kind: "resting" },
  nowMs: number,
): [string, string][] {
  return [
    [
      "until",
      `${new Date(restsUntilMs).toISOString()} (${formatDuration(restsUntilMs - nowMs)} left)`,
    ],
    ["last held by", printable(`${lastOwner.pod} (${lastOwner.interfaceName})`)],
    ["network", networkName(lastOwner.network)],
  ];
}

async function describeFree(world: World, address: Address): Promise<string> {
  const text = formatAddress(address);
  const around = (await world.store.usage()).filter(({ pool }) =>
    cidrContains(pool.range.cidr, address),
  );
  const lines = around.map(({ pool: { network, range } }) =>
    rangeAllows(range, address)
      ? `  free in ${formatRange(range)}, network ${networkName(network)}\n`
      : `  never given out in ${formatRange(range)}, network ${networkName(network)}: excluded, a gateway or out of bounds\n`,
  );
  return `${text} is held by nobody\n${lines.join("") || "  and lies in no range that was used so far\n"}`;
}
