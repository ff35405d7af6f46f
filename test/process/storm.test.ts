/** Hundreds of processes at once on one store of one host. */
import { afterEach, describe, expect, test } from "bun:test";
import type { Outcome } from "./executable.ts";
import { answerOf, heldLines, killLeftovers, listHeld, run } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { inParallel, percentile } from "./parallel.ts";

afterEach(async () => {
  await killLeftovers();
  removeFolders();
});

function containers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `c${String(index).padStart(3, "0")}`);
}

/** Prints what a storm took, for people; nothing is held against it, since machines differ. */
function report(name: string, outcomes: readonly Outcome[], startedMs: number): void {
  const times = outcomes.map(({ elapsedMs }) => elapsedMs);
  const rate = (outcomes.length * 1000) / (performance.now() - startedMs);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  process.stdout.write(
    `${name}: ${rate.toFixed(0)} a second, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms\n`,
  );
}

function lowest(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `10.60.${(index + 1) >> 8}.${(index + 1) & 255}`,
  );
}

describe("a storm", () => {
  test("of 500 ADDs takes exactly the lowest 500, and 500 DELs leave nothing", async () => {
    const dataDir = makeFolder();
    const ipam = { range: "10.60.0.0/16", data_dir: dataDir };
    const names = containers(500);

    let startedMs = performance.now();
    const adds = await inParallel(names, 50, (containerId) =>
      run({ command: "ADD", containerId, ipam }),
    );
    report("500 ADDs, 50 in parallel", adds, startedMs);
    expect(adds.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    expect(adds.map(answerOf).toSorted()).toEqual(lowest(500).toSorted());
    const printed = adds.map((add, index) => `${answerOf(add)} ${names[index]}`);
    expect((await heldLines(dataDir)).toSorted()).toEqual(printed.toSorted());

    startedMs = performance.now();
    const dels = await inParallel(names, 50, (containerId) =>
      run({ command: "DEL", containerId, ipam }),
    );
    report("500 DELs, 50 in parallel", dels, startedMs);
    expect(dels.map(answerOf).filter((answer) => answer !== "")).toEqual([]);
    expect(await heldLines(dataDir)).toEqual([]);
  }, 120_000);

  test("of as many ADDs as a range has addresses serves them all; one more is told that it is full", async () => {
    const dataDir = makeFolder();
    // Time enough for a machine that is busy with something else: this is not about speed.
    const ipam = { range: "10.60.0.0/25", data_dir: dataDir, add_timeout: 60 };
    const names = containers(126);
    const startedMs = performance.now();
    const adds = await inParallel(names, 126, (containerId) =>
      run({ command: "ADD", containerId, ipam }),
    );
    report("126 ADDs, all in parallel", adds, startedMs);
    expect(adds.map(answerOf).toSorted()).toEqual(lowest(126).toSorted());

    const late = await run({ command: "ADD", containerId: "late", ipam });
    expect(late.exitCode).toBe(1);
    expect(answerOf(late)).toStartWith("100 No free address in range 10.60.0.0/25");
    expect(late.elapsedMs).toBeLessThan(3000);
    expect(await heldLines(dataDir)).not.toContainEqual(expect.stringContaining("late"));

    const [gone = ""] = names;
    await run({ command: "DEL", containerId: gone, ipam });
    expect(answerOf(await run({ command: "ADD", containerId: "late", ipam }))).toBe(
      adds.map(answerOf)[0] ?? "",
    );
  }, 120_000);

  for (const order of ["IPv4 first", "IPv6 first"]) {
    test(`over two families of which the IPv6 range is the smaller one gives all or nothing, ${order}`, async () => {
      const dataDir = makeFolder();
      const ranges = [{ range: "10.60.0.0/24" }, { range: "fd60::/123" }];
      const ipRanges = order === "IPv4 first" ? ranges : ranges.toReversed();
      const ipam = { ipRanges, data_dir: dataDir, add_timeout: 60 };
      const names = containers(50);
      const adds = await inParallel(names, 50, (containerId) =>
        run({ command: "ADD", containerId, ipam }),
      );
      const winners = adds.filter(({ exitCode }) => exitCode === 0);
      const losers = adds.filter(({ exitCode }) => exitCode !== 0);
      // The first of an IPv6 prefix is its routers' anycast address.
      expect(winners).toHaveLength(31);
      for (const loser of losers)
        expect(answerOf(loser)).toStartWith("100 No free address in range fd60::/123");

      const held = (await listHeld(dataDir)).map(
        ({ address, containerId }) => `${containerId} ${address}`,
      );
      const printed = adds.flatMap((add, index) =>
        add.exitCode === 0
          ? answerOf(add)
              .split(" ")
              .map((address) => `${names[index]} ${address}`)
          : [],
      );
      expect(held.toSorted()).toEqual(printed.toSorted());
      const v4 = held.flatMap((line) => (line.includes(":") ? [] : [line.replace(/^.* /, "")]));
      expect(v4.toSorted()).toEqual(lowest(31).toSorted());
    }, 120_000);
  }
});
