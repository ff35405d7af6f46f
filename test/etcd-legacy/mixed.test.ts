/** Old nodes and new ones share a range: nobody takes what another has. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { NewNode, emptyEtcd } from "./legacy-world.ts";
import { OldNode } from "./old-node.ts";

const RANGE = "192.168.2.225/28";
const LAYOUTS = ["masked", "written"] as const;
const TIMEOUT_MS = 60_000;

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `on the ${version} version`, () => {
    let server: EtcdMember | undefined;
    const endpoint = (): string => server?.endpoint ?? "";
    beforeAll(async () => {
      server = await startEtcd({ version });
    });
    beforeEach(() => emptyEtcd(endpoint()));
    afterAll(removeServers);

    for (const layout of LAYOUTS) {
      describe(`a list named by its range as ${layout}`, () => {
        test(
          "is read and written by new nodes, and freed lines are had again",
          async () => {
            const old = new OldNode({ endpoint: endpoint(), range: RANGE, layout });
            const node = new NewNode(RANGE, { endpoint: endpoint() });
            const first = await old.add("old1");
            const second = await node.add("new1");
            const third = await old.add("old2");
            expect(new Set([first, second, third]).size).toBe(3);
            expect((await old.list())?.split("\n").filter((line) => line !== "")).toEqual([
              `${first} old1`,
              `${second} new1`,
              `${third} old2`,
            ]);
            await old.del("old1");
            expect(await node.add("new2")).toBe(first);
            expect(await node.del("new1")).toBe("");
            expect(await old.list()).not.toContain("new1");
            expect(await node.add("new3")).toBe(second);
          },
          TIMEOUT_MS,
        );

        test(
          "keeps 20 ADDs of old and new nodes at once apart",
          async () => {
            const old = new OldNode({ endpoint: endpoint(), range: "10.0.0.0/24", layout });
            await old.add("first");
            const nodes = [1, 2, 3].map(
              (index) => new NewNode("10.0.0.0/24", { endpoint: endpoint(), name: `n${index}` }),
            );
            const answers = await Promise.all([
              ...Array.from({ length: 8 }, (_, index) => old.add(`old${index}`)),
              ...Array.from({ length: 12 }, (_, index) => nodes[index % 3]?.add(`new${index}`)),
            ]);
            expect(answers.filter((answer) => !/^10\.0\.0\.\d+$/.test(`${answer}`))).toEqual([]);
            expect(new Set(answers).size).toBe(20);
            const lines = (await old.list())?.split("\n").filter((line) => line !== "") ?? [];
            expect(lines).toHaveLength(21);
          },
          TIMEOUT_MS,
        );
      });
    }

    test(
      "an ADD whose lease is lost writes nothing",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        await old.add("old1");
        // The old node holds its lock, and writes late: a new one waits for it.
        const { promise: paused, resolve: go } = Promise.withResolvers<void>();
        const slow = new OldNode({ endpoint: endpoint(), range: RANGE, pause: () => paused });
        const late = slow.add("old2");
        await Bun.sleep(200);
        const node = new NewNode(RANGE, { endpoint: endpoint() });
        const waiting = node.add("new1");
        await Bun.sleep(200);
        expect(await node.held()).toEqual([]);
        go();
        expect(await late).toBe("192.168.2.226");
        expect(await waiting).toBe("192.168.2.227");
      },
      TIMEOUT_MS,
    );

    test(
      "a lock that is not to be had in time is told, and nothing is held",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        await old.add("old1");
        const slow = new OldNode({
          endpoint: endpoint(),
          range: RANGE,
          pause: () => Bun.sleep(3000),
        });
        const late = slow.add("old2");
        await Bun.sleep(200);
        const node = new NewNode(RANGE, { endpoint: endpoint(), leftMs: 1000 });
        expect(await node.add("new1")).toContain("lock /whereabouts/192.168.2.224/28");
        await late;
        expect(await node.held()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test(
      "a range without a list has none made, but by hand",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        const node = new NewNode(RANGE, { endpoint: endpoint() });
        expect(await node.add("new1")).toBe("192.168.2.225");
        expect(await old.list()).toBeUndefined();
        const mixed = new NewNode(RANGE, { endpoint: endpoint(), legacy: "mixed" });
        expect(await mixed.add("new2")).toBe("192.168.2.226");
        expect(await old.list()).toBe("192.168.2.226 new2");
        const off = new NewNode(RANGE, { endpoint: endpoint(), legacy: "off" });
        expect(await off.add("new3")).toBe("192.168.2.227");
        expect(await old.list()).toBe("192.168.2.226 new2");
      },
      TIMEOUT_MS,
    );

    test(
      "hostile lines stay as they are, and what can be read counts",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        const hostile = [
          "192.168.2.225 a",
          "nonsense",
          "",
          "192.168.2.226  two spaces",
          "192.168.002.227 zeros",
          "10.9.9.9 elsewhere",
          "192.168.2.225 twice",
        ];
        await old.setList(hostile.join("\n"));
        const node = new NewNode(RANGE, { endpoint: endpoint() });
        expect(await node.add("new1")).toBe("192.168.2.226");
        const list = await old.list();
        for (const line of hostile.filter((each) => each !== "")) expect(list).toContain(line);
        expect(list).toEndWith("\n192.168.2.226 new1");
      },
      TIMEOUT_MS,
    );

    test(
      "a full list is told as full, with what it holds",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: "10.0.0.0/30" });
        await old.add("old1");
        await old.add("old2");
        const node = new NewNode("10.0.0.0/30", { endpoint: endpoint() });
        expect(await node.add("new1")).toContain("No free address in range 10.0.0.0/30");
        await old.del("old1");
        expect(await node.add("new1")).toBe("10.0.0.1");
      },
      TIMEOUT_MS,
    );

    test(
      "a container that an old node served is known: ADD again, DEL by prevResult, DEL of an only line",
      async () => {
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        const node = new NewNode(RANGE, { endpoint: endpoint() });
        expect(await old.add("one")).toBe("192.168.2.225");
        expect(await node.add("one")).toBe("192.168.2.225");
        expect(await old.list()).toBe("192.168.2.225 one");
        await old.add("two");
        expect(await node.del("two")).toBe("");
        expect(await old.list()).toBe("192.168.2.225 one");
        await old.add("three");
        await old.add("three");
        // Two lines of one container: nothing tells which is meant.
        expect(await node.del("three")).toBe("");
        expect(await old.list()).toBe(
          "192.168.2.225 one\n192.168.2.226 three\n192.168.2.227 three",
        );
        expect(node.warnings.join()).toContain("192.168.2.226, 192.168.2.227");
        expect(await node.del("three", ["192.168.2.227/28"])).toBe("");
        expect(await old.list()).toBe("192.168.2.225 one\n192.168.2.226 three");
      },
      TIMEOUT_MS,
    );
  });
}
