/** What the contract suite and the tests of single stores make claims of. */
import type { Address } from "../../src/core/address.ts";
import { formatAddress, tryParseAddress } from "../../src/core/address.ts";
import type { Allocation, Confirmation, Holding, Owner } from "../../src/core/allocation.ts";
import type { Cidr } from "../../src/core/cidr.ts";
import { formatCidr, tryParseInterface } from "../../src/core/cidr.ts";
import type { Range } from "../../src/core/range.ts";
import { makeRange } from "../../src/core/range.ts";
import type { Claim, ClaimResult, Listed, ListFilter, Store, Want } from "../../src/store/store.ts";

/** The address of a text. Throws if it is none. */
export function address(text: string): Address {
  const parsed = tryParseAddress(text);
  if (parsed === undefined) throw new RangeError(`Not an address: ${text}`);
  return parsed;
}

/** The prefix of a text. Throws if it is none. */
export function cidr(text: string): Cidr {
  const parsed = tryParseInterface(text);
  if (parsed === undefined) throw new RangeError(`Not a prefix: ${text}`);
  return parsed.cidr;
}

/** A range: a prefix, its bounds, and the intervals (`a` or `a-b`) that it excludes. */
export function range(
  prefix: string,
  options: { start?: string; end?: string; exclude?: readonly string[]; gateway?: string } = {},
): Range {
  const exclusions = (options.exclude ?? []).map((text) => {
    const [first = "", last = first] = text.split("-");
    return { first: address(first).value, last: address(last).value };
  });
  const made = makeRange({
    cidr: cidr(prefix),
    exclusions,
    ...(options.start !== undefined && { start: address(options.start).value }),
    ...(options.end !== undefined && { end: address(options.end).value }),
    ...(options.gateway !== undefined && { gateway: address(options.gateway) }),
  });
  if (made === undefined) throw new RangeError(`Nothing is left of ${prefix}`);
  return made;
}

/** The lowest free address of a range: a prefix, or a range made before. */
export function lowest(of: string | Range, overlapping = true): Want {
  return {
    kind: "lowest",
    range: typeof of === "string" ? range(of) : of,
    overlapping,
    candidates: [],
  };
}

/** Exactly this address of this prefix. */
export function exact(text: string, prefix: string, overlapping = true): Want {
  return { kind: "exact", holding: holding(text, prefix, overlapping) };
}

/** A holding. */
export function holding(text: string, prefix: string, overlapping = true): Holding {
  return { address: address(text), cidr: cidr(prefix), overlapping };
}

/** An owner: by default interface eth0 on node n1 in network blue. */
export function owner(pod: string, parts: Partial<Owner> = {}): Owner {
  return { network: "blue", node: "n1", interfaceName: "eth0", pod, ...parts };
}

/** A confirmation; by default without anything that is optional, and without rest. */
export function confirmation(parts: Partial<Confirmation> = {}): Confirmation {
  return {
    containerId: "c1",
    attempt: "a1",
    confirmedAt: "2026-01-02T03:04:05Z",
    reuseDelaySeconds: 0,
    ...parts,
  };
}

/** A claim. */
export function claim(
  who: Owner,
  wants: readonly Want[],
  expected?: number,
  parts: Partial<Confirmation> = {},
): Claim {
  return { owner: who, expected, wants, confirmation: confirmation(parts) };
}

/** The allocation of a claim that must succeed. Throws with the result if it does not. */
export async function claimed(
  store: Store,
  who: Owner,
  wants: readonly Want[],
  expected?: number,
  parts: Partial<Confirmation> = {},
): Promise<Allocation> {
  const result = await store.claim(claim(who, wants, expected, parts));
  if (result.kind !== "claimed") throw new Error(`Not claimed: ${describeResult(result)}`);
  return result.allocation;
}

/** A result in one line, for messages and comparisons. */
export function describeResult(result: ClaimResult): string {
  switch (result.kind) {
    case "claimed":
      return `claimed ${texts(result.allocation).join(" ")}`;
    case "changed":
      return "changed";
    case "taken": {
      const { address: at, holder, restsUntilMs } = result.conflict;
      const by =
        holder === undefined ? `rests until ${restsUntilMs}` : `held by ${holder.owner.pod}`;
      return `taken ${result.want}: ${formatAddress(at)} ${by}`;
    }
    case "full": {
      const { held, resting, restsUntilMs } = result.usage;
      return `full ${result.want}: ${held} held, ${resting} resting until ${restsUntilMs}`;
    }
  }
}

/** The addresses of an allocation. */
export function texts(allocation: Allocation): readonly string[] {
  return allocation.holdings.map((held) => formatAddress(held.address));
}

/** A whole listing. */
export async function listing(store: Store, filter: ListFilter = {}): Promise<readonly Listed[]> {
  const lines: Listed[] = [];
  for await (const line of store.list(filter)) lines.push(line);
  return lines;
}

/** A whole listing in lines of `network address/prefix by pod`, those at rest in parentheses. */
export async function listingLines(
  store: Store,
  filter: ListFilter = {},
): Promise<readonly string[]> {
  return (await listing(store, filter)).map((line) => {
    const who = line.kind === "held" ? line.allocation.owner : line.lastOwner;
    const { address: at, cidr: of, overlapping } = line.holding;
    const place = `${who.network} ${formatAddress(at)} of ${formatCidr(of)}${overlapping ? "" : " off"}`;
    return line.kind === "held"
      ? `${place} by ${who.pod}`
      : `${place} (${who.pod} until ${line.restsUntilMs})`;
  });
}
