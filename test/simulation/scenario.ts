/** What a schedule is played on: small ranges, so that everybody wants the same addresses, and pods of two nodes. */
import type { Random } from "../process/random.ts";

/** How many choices a schedule has, at least. */
export const FEWEST_CHOICES = 40;

/** A range as the model sees it; addresses are numbers (see {@link keyText}). */
export interface ModelRange {
  /** The masked prefix, as a number that no other prefix has. */
  readonly prefix: number;
  /** The lowest and highest number of the prefix. */
  readonly first: number;
  readonly last: number;
  /** What is given out, ascending: written down by hand, not computed by what is tested. */
  readonly keys: readonly number[];
}

/** The configuration of a slot. */
export interface Profile {
  /** A text that no other profile has. */
  readonly name: string;
  readonly network: string;
  readonly overlapping: boolean;
  readonly ranges: readonly ModelRange[];
  /** The ranges as an `ipam` object has them. */
  readonly ipam: object;
}

/** One interface of one pod, or of one container after the other. */
export interface SlotPlan {
  readonly node: number;
  /** What it may be configured as; the first one is where it begins. */
  readonly profiles: readonly Profile[];
  /** Whether the runtime names the pod's UID: a sandbox made anew is the same owner then. */
  readonly hasUid: boolean;
  /** Whether each container has the same netns path as the one before. */
  readonly sharesPath: boolean;
}

/** All that a schedule is given before its first choice. */
export interface Scenario {
  readonly slots: readonly SlotPlan[];
  readonly reuseDelaySeconds: number;
  readonly addTimeoutSeconds: number;
  /** How many choices there are before everything comes to rest. */
  readonly choices: number;
  /** How likely a choice is a fault. */
  readonly faultRate: number;
  /** How likely the process that went on last goes on next. */
  readonly stickiness: number;
  /** Whether requests that were delayed arrive after everything else, or before. */
  readonly isLatestLast: boolean;
  /** Whether calls are whole plugin calls, from environment and standard input on; else they begin after parsing. */
  readonly isWhole: boolean;
  /** Whether the ranges are filled at the end. */
  readonly isFilled: boolean;
}

const FAMILY_6 = 2 ** 33;
const FIRST_4 = 0x0a_00_00_00;

/** An address as people write it. */
export function keyText(key: number): string {
  return key >= FAMILY_6 ? `fd00::${(key - FAMILY_6).toString(16)}` : `10.0.0.${key - FIRST_4}`;
}

/** The number of an address. */
export function keyOf({ family, value }: { family: 4 | 6; value: bigint }): number {
  return Number(BigInt.asUintN(32, value)) + (family === 6 ? FAMILY_6 : 0);
}

/** The number of a prefix. */
export function prefixOf(cidr: { family: 4 | 6; first: bigint; prefixLength: number }): number {
  return keyOf({ family: cidr.family, value: cidr.first }) * 256 + cidr.prefixLength;
}

interface RangePlan {
  readonly json: object;
  readonly model: ModelRange;
}

/** A range of 10.0.0.0/24 that begins at `first`, and gives out these last bytes. */
function range4(first: number, length: number, gives: readonly number[], more = {}): RangePlan {
  return {
    json: { range: `10.0.0.${first}/${length}`, ...more },
    model: {
      prefix: (FIRST_4 + first) * 256 + length,
      first: FIRST_4 + first,
      last: FIRST_4 + first + 2 ** (32 - length) - 1,
      keys: gives.map((byte) => FIRST_4 + byte),
    },
  };
}

/** A range of fd00::/64 that gives out these last numbers. */
function range6(length: number, gives: readonly number[]): RangePlan {
  return {
    json: { range: `fd00::/${length}` },
    model: {
      prefix: FAMILY_6 * 256 + length,
      first: FAMILY_6,
      last: FAMILY_6 + 2 ** (128 - length) - 1,
      keys: gives.map((low) => FAMILY_6 + low),
    },
  };
}

function profile(ranges: readonly RangePlan[], { overlapping = true, network = "" } = {}): Profile {
  const names = ranges.map(({ json }) => JSON.stringify(json)).join();
  return {
    name: `${network} ${overlapping} ${names}`,
    network,
    overlapping,
    ranges: ranges.map(({ model }) => model),
    ipam: {
      ipRanges: ranges.map(({ json }) => json),
      enable_overlapping_ranges: overlapping,
      ...(network !== "" && { network_name: network }),
    },
  };
}

const two = range4(0, 30, [1, 2]);
const three = range4(0, 29, [1, 2, 3], { range_start: "10.0.0.1", range_end: "10.0.0.3" });
const holed = range4(0, 29, [2, 4, 5, 6], { gateway: "10.0.0.1", exclude: ["10.0.0.3/32"] });
const outer = range4(0, 28, [1, 2, 3, 4], { range_end: "10.0.0.4" });
const inner = range4(0, 29, [3, 4, 5, 6], { range_start: "10.0.0.3" });

/** Profiles that are dealt to the slots of a schedule in turn. */
const decks: readonly (readonly Profile[])[] = [
  [profile([two])],
  [profile([three])],
  [profile([holed])],
  [profile([range4(0, 31, [0, 1])])],
  [profile([two, range6(126, [1, 2, 3])])],
  [profile([three, range6(127, [0, 1])])],
  [profile([two, range4(8, 29, [9, 10, 11], { range_end: "10.0.0.11" })])],
  [profile([outer]), profile([inner])],
  [profile([outer], { overlapping: false }), profile([inner], { overlapping: false })],
  [profile([two]), profile([two]), profile([two], { overlapping: false })],
  [profile([two]), profile([two]), profile([two], { network: "blue" })],
];

/** A profile and, where there is another one of its network, that. */
function profilesOf(deck: readonly Profile[], first: Profile): readonly Profile[] {
  const other = deck.find((each) => each.name !== first.name && each.network === first.network);
  return other === undefined ? [first] : [first, other];
}

/** Deals a scenario: four to six slots on two nodes. */
export function dealScenario(random: Random): Scenario {
  const deck = random.pick(decks);
  const slots: SlotPlan[] = [];
  const count = 4 + random.below(3);
  for (let index = 0; index < count; index++) {
    slots.push({
      node: index % 2,
      profiles: profilesOf(deck, random.pick(deck)),
      hasUid: random.fraction() < 0.6,
      sharesPath: random.fraction() < 0.5,
    });
  }
  return {
    slots,
    reuseDelaySeconds: random.pick([0, 0, 0, 2, 30]),
    addTimeoutSeconds: random.pick([10, 10, 4]),
    choices: FEWEST_CHOICES + random.below(21),
    faultRate: random.pick([0.05, 0.1, 0.2]),
    stickiness: random.pick([0, 0.3, 0.7]),
    isLatestLast: random.fraction() < 0.5,
    isWhole: random.fraction() < 0.1,
    isFilled: random.fraction() < 0.3,
  };
}
