/** A loader for benchmarks: an etcd store with many held addresses, written by few and large transactions. */
import type { Confirmation, Holding, NetnsIdentity, Owner } from "../../src/core/allocation.ts";
import { tryParseInterface } from "../../src/core/cidr.ts";
import type { Range } from "../../src/core/range.ts";
import { makeRange } from "../../src/core/range.ts";
import { freshHint, hintText, withFree, without } from "../../src/store/etcd/hint.ts";
import { Keys } from "../../src/store/etcd/keys.ts";
import { allocationText, bootText, heldText, poolText } from "../../src/store/etcd/records.ts";
import type { Entry } from "./put-stream.ts";
import { putAll } from "./put-stream.ts";

/** What is held. */
export interface BulkFill {
  readonly network: string;
  /** The prefix of the range, as text; its addresses are held from the first one on, overlapping ranges on. */
  readonly cidr: string;
  readonly count: number;
  /** Every second address only: as if twice as many had been claimed, and then every second released, from below. */
  readonly fragmented: boolean;
  /** How many nodes hold them, in turns. Default: 100. */
  readonly nodes?: number;
  /** The boot that all nodes are in. Default: each one of its own. */
  readonly bootId?: string;
  /** The network namespace of a pod. Default: one that nobody can find. */
  readonly netnsOf?: (number: number) => NetnsIdentity | undefined;
}

/** A server that has room for a million addresses, and takes large transactions. */
export const BULK_SERVER = {
  quotaBytes: 16 * 2 ** 30,
  flags: ["--max-txn-ops=10000"],
} as const;

/**
 * Writes what claims of `count` pods would have written, below a prefix where the network holds nothing yet, to a
 * server of {@link BULK_SERVER} without TLS. Cost: some 40 µs an address on two cores.
 */
export async function fillEtcd(endpoint: string, prefix: string, fill: BulkFill): Promise<void> {
  await putAll(endpoint, entriesOf(new Keys(prefix), fill));
}

/** The range of a fill. Throws if it has no room for it. */
export function bulkRange({ cidr: text, count, fragmented }: BulkFill): Range {
  const cidr = tryParseInterface(text)?.cidr;
  const range = cidr && makeRange({ cidr, exclusions: [] });
  if (range === undefined) throw new RangeError(`Not a prefix: ${text}`);
  const end = range.first + BigInt(fragmented ? 2 * count : count);
  if (end - 1n > range.last) throw new RangeError(`${count} addresses do not fit into ${text}`);
  return range;
}

/** The pod with a number from 1 on, as its ADD makes it. */
export function bulkPod(
  { network, nodes = 100, bootId, netnsOf = netnsElsewhere }: BulkFill,
  number: number,
): { readonly owner: Owner; readonly confirmation: Confirmation } {
  const node = `bulk-node-${String(number % nodes).padStart(4, "0")}`;
  const id = number.toString(16).padStart(12, "0");
  const netns = netnsOf(number);
  return {
    owner: { network, node, interfaceName: "net1", pod: `00000000-0000-4000-8000-${id}` },
    confirmation: {
      containerId: id.padStart(64, "b"),
      attempt: `11111111-1111-4111-8111-${id}`,
      moment: { bootId: bootId ?? bootIdOf(node), monotonicUs: 1_000_000 + number },
      ...(netns !== undefined && { netns }),
      name: "bulk",
      podNamespace: "bulk",
      podName: `bulk-${String(number).padStart(8, "0")}`,
      confirmedAt: "2026-01-02T03:04:05.678Z",
      reuseDelaySeconds: 0,
    },
  };
}

function netnsElsewhere(number: number): NetnsIdentity {
  const id = number.toString(16).padStart(12, "0");
  return {
    path: `/var/run/netns/cni-22222222-2222-4222-8222-${id}`,
    namespace: "4:4026532000",
    seenFrom: "24:1",
  };
}

/** The only boot of a node, whose name ends in digits. */
function bootIdOf(node: string): string {
  return `33333333-3333-4333-8333-00000000${node.slice(-4)}`;
}

function* entriesOf(keys: Keys, fill: BulkFill): Iterable<Entry> {
  const { network, count, fragmented, nodes = 100 } = fill;
  const range = bulkRange(fill);
  const pool = { network, overlapping: true, range };
  yield [keys.pool(pool), poolText(pool)];
  yield [keys.hint(pool), hintTextOf(range, fill)];
  for (let number = 1; number <= Math.min(count, nodes); number++) {
    const { node } = bulkPod(fill, number).owner;
    yield [keys.node(node), bootText(fill.bootId ?? bootIdOf(node))];
  }
  const step = fragmented ? 2n : 1n;
  const { cidr } = range;
  let value = range.first;
  for (let number = 1; number <= count; number++) {
    const holding: Holding = { address: { family: cidr.family, value }, cidr, overlapping: true };
    const { owner, confirmation } = bulkPod(fill, number);
    yield [keys.owner(owner), allocationText(confirmation, [holding], [])];
    yield [keys.address(network, holding), heldText(owner, cidr)];
    value += step;
  }
}

/** The hint that the claims and releases would have left. */
function hintTextOf(range: Range, { count, fragmented }: BulkFill): string {
  const { first, cidr } = range;
  const end = first + BigInt(fragmented ? 2 * count : count);
  let hint = without(freshHint(range, Date.now()), { first, last: end - 1n });
  const free = (number: number): bigint => first + BigInt(2 * number - 1);
  if (fragmented) {
    // A hint keeps 32 runs: the 32nd release makes one of those before it, and so does every 31st from then on;
    // the last one joins what was never held.
    const joined = count <= 32 ? 0 : count - 1 - ((count - 33) % 31);
    if (joined > 0) hint = withFree(hint, { first: free(1), last: free(joined) });
    for (let number = joined + 1; number <= count; number++)
      hint = withFree(hint, { first: free(number), last: free(number) });
  }
  return hintText(hint, cidr.family);
}
