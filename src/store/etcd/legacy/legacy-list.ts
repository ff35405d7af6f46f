/**
 * Lists that the Go implementation left, v0.1 to v0.5.4: one key for each range, whose value has a line
 * `ADDRESS CONTAINER` for each address. Lines that are something else stay as they are.
 */
import type { Address } from "../../../core/address.ts";
import { formatAddress, tryParseAddress } from "../../../core/address.ts";
import type { Cidr } from "../../../core/cidr.ts";
import { formatCidr } from "../../../core/cidr.ts";

/** v0.2 to v0.5.4 lock and name each masked range; April 2019 and v0.1 name it as written, and have one lock. */
export type Layout = "masked" | "written";

/** Where a list stands, and what locks it. */
export interface ListPlace {
  readonly layout: Layout;
  readonly key: string;
  /** The name under which the old implementation locks it. */
  readonly mutex: string;
}

/** One line of a list. */
export interface ListLine {
  readonly address: Address;
  readonly containerId: string;
}

const PREFIX = "/whereabouts";

/** The places where a range may have a list: as masked, and for IPv4 as written. */
export function listPlaces(cidr: Cidr, written: string | undefined): readonly ListPlace[] {
  const masked = `${PREFIX}/${formatCidr(cidr)}`;
  const places: ListPlace[] = [{ layout: "masked", key: masked, mutex: masked }];
  if (cidr.family === 4) {
    const key = `/${written ?? formatCidr(cidr)}`;
    places.push({ layout: "written", key, mutex: PREFIX });
  }
  return places;
}

/** The key below a mutex that closes it for good: it has no lease, and is never removed but by `--undo`. */
export function closingKey({ mutex }: ListPlace): string {
  return `${mutex}/ffffffffffffffff`;
}

/** A line of a list; undefined if it is none that names an address. */
export function tryParseLine(line: string): ListLine | undefined {
  const [text = "", containerId = "", ...more] = line.split(" ");
  const address = tryParseAddress(text, { leadingZeros: true });
  if (address === undefined || containerId === "" || more.length > 0) return undefined;
  return { address, containerId };
}

/** The lines of a list that name an address. */
export function linesOf(text: string): readonly ListLine[] {
  return text.split("\n").flatMap((line) => tryParseLine(line) ?? []);
}

/** What of a list nobody can read, without the empty lines that old versions wrote themselves. */
export function unreadableLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && tryParseLine(line) === undefined);
}

/** A list without the lines that `isRemoved` picks, and with new ones at its end. */
export function editedList(
  text: string,
  layout: Layout,
  isRemoved: (line: ListLine) => boolean,
  added: readonly ListLine[],
): string {
  const kept = text.split("\n").filter((line) => {
    // An old reader takes a list with an empty line for an empty list; one of 2019 begins with one itself.
    if (line === "") return layout === "written";
    const parsed = tryParseLine(line);
    return parsed === undefined || !isRemoved(parsed);
  });
  const lines = added.map(({ address, containerId }) => `${formatAddress(address)} ${containerId}`);
  return [...kept, ...lines].join("\n");
}
