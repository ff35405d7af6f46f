/** The listing: order, filters, pages. */
import { expect, test } from "bun:test";
import { formatAddress } from "../../src/core/address.ts";
import type { ListFilter, Store } from "../../src/store/store.ts";
import type { Subject } from "./subject.ts";
import { START_MS } from "./subject.ts";
import { address, claimed, exact, listing, listingLines, lowest, owner } from "./fixtures.ts";

async function populate(store: Store): Promise<void> {
  const hold = (
    pod: string,
    network: string,
    node: string,
    name: string,
    prefix: string,
    at: string,
  ) =>
    claimed(store, owner(pod, { network, node }), [exact(at, prefix, false)], undefined, { name });
  await hold("a", "red", "n1", "x", "10.0.0.0/24", "10.0.0.2");
  await hold("b", "", "n2", "x", "fd00::/64", "fd00::2");
  await hold("c", "", "n1", "y", "10.0.0.0/24", "10.0.0.200");
  await hold("d", "", "n2", "y", "10.0.0.0/24", "10.0.0.3");
  await hold("e", "", "n1", "x", "10.0.0.0/16", "10.0.0.3");
  const { sequence } = await hold("f", "", "n2", "x", "10.0.0.0/24", "10.0.0.100");
  const last = owner("f", { network: "", node: "n2" });
  await store.release(last, { expected: sequence, restSeconds: 9 });
}

const REST = ` 10.0.0.100 of 10.0.0.0/24 off (f until ${START_MS + 9000})`;
const LINES = {
  a: "red 10.0.0.2 of 10.0.0.0/24 off by a",
  b: " fd00::2 of fd00::/64 off by b",
  c: " 10.0.0.200 of 10.0.0.0/24 off by c",
  d: " 10.0.0.3 of 10.0.0.0/24 off by d",
  e: " 10.0.0.3 of 10.0.0.0/16 off by e",
} as const;

const filters: readonly [ListFilter, readonly string[]][] = [
  [{}, [LINES.e, LINES.d, REST, LINES.c, LINES.b, LINES.a]],
  [{ network: "" }, [LINES.e, LINES.d, REST, LINES.c, LINES.b]],
  [{ network: "red" }, [LINES.a]],
  [{ network: "green" }, []],
  [{ node: "n1" }, [LINES.e, LINES.c, LINES.a]],
  [{ node: "n2" }, [LINES.d, REST, LINES.b]],
  [{ node: "n3" }, []],
  [{ name: "x" }, [LINES.e, LINES.b, LINES.a]],
  [{ name: "y", node: "n2" }, [LINES.d]],
  [{ name: "x", network: "" }, [LINES.e, LINES.b]],
  [{ first: address("10.0.0.3") }, [LINES.e, LINES.d, REST, LINES.c, LINES.b]],
  [{ last: address("10.0.0.3") }, [LINES.e, LINES.d, LINES.a]],
  [{ first: address("10.0.0.4"), last: address("10.0.0.200") }, [REST, LINES.c]],
  [{ first: address("0.0.0.0"), last: address("255.255.255.255"), network: "red" }, [LINES.a]],
  [{ first: address("::") }, [LINES.b]],
  [{ network: "", first: address("10.0.0.100"), last: address("10.0.0.100") }, [REST]],
];

const title = (filter: ListFilter) =>
  JSON.stringify(filter, (_, value: unknown) =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  );

/** Defines the tests of `list()`. */
export function listingContract(subject: Subject): void {
  for (const [filter, lines] of filters) {
    test(`filters by ${title(filter)}, in the order of network, address, prefix`, async () => {
      const { store } = subject();
      await populate(store);
      expect(await listingLines(store, filter)).toEqual([...lines]);
    });
  }

  test("gives an owner's allocation with each of its addresses", async () => {
    const { store } = subject();
    const allocation = await claimed(store, owner("p"), [
      lowest("fd00::/64"),
      lowest("10.0.0.0/24"),
    ]);
    const lines = await listing(store);
    expect(lines).toMatchObject([{ allocation }, { allocation }]);
    expect(lines.map((line) => line.holding)).toEqual(allocation.holdings.toReversed());
  });

  test("lists more than any page, each address once, while others write", async () => {
    const { store, another } = subject();
    const COUNT = 1150;
    const wants = Array.from({ length: 50 }, () => lowest("10.0.0.0/16"));
    for (let index = 0; index < COUNT / 50; index++)
      await claimed(store, owner(`p${index}`), wants);
    const other = await another();
    const seen: string[] = [];
    for await (const { holding } of store.list({ network: "blue" })) {
      seen.push(formatAddress(holding.address));
      if (seen.length % 400 === 0)
        await claimed(other, owner(`w${seen.length}`), [lowest("10.1.0.0/24")]);
    }
    const first = seen.slice(0, COUNT);
    expect(first).toEqual(
      Array.from({ length: COUNT }, (_, at) => `10.0.${(at + 1) >> 8}.${(at + 1) & 255}`),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect((await listing(store)).length).toBe(COUNT + 2);
  });

  test("may be left before its end", async () => {
    const { store } = subject();
    await populate(store);
    for await (const line of store.list({})) {
      expect(line.kind).toBe("held");
      break;
    }
    await claimed(store, owner("later"), [lowest("10.0.0.0/24")]);
  });
}
