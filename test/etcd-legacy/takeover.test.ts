/** Taking old lists over, closing them, and opening them again. */
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { FoundList } from "../../src/store/etcd/legacy/legacy-survey.ts";
import { findLists, surveyList } from "../../src/store/etcd/legacy/legacy-survey.ts";
import {
  byMutex,
  finishLists,
  importList,
  undoLists,
} from "../../src/store/etcd/legacy/takeover.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { ETCD_VERSIONS } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { NewNode, contextOf, emptyEtcd } from "./legacy-world.ts";
import { OldNode } from "./old-node.ts";

const RANGE = "192.168.2.225/28";
const TIMEOUT_MS = 60_000;
setDefaultTimeout(TIMEOUT_MS);

const quiet = (): void => {};

for (const version of ETCD_VERSIONS) {
  describeWith(etcd(version), `on the ${version} version`, () => {
    let server: EtcdMember | undefined;
    const endpoint = (): string => server?.endpoint ?? "";
    beforeAll(async () => {
      server = await startEtcd({ version });
    });
    beforeEach(() => emptyEtcd(endpoint()));
    afterAll(removeServers);

    const onlyList = async (): Promise<FoundList> => {
      const [list, ...more] = await findLists(contextOf(endpoint()));
      if (list === undefined || more.length > 0) throw new Error(`${more.length + 1} lists`);
      return list;
    };

    for (const layout of ["masked", "written"] as const) {
      describe(`of a list named by its range as ${layout}`, () => {
        const oldNode = { range: RANGE, layout };
        const makeOld = (patienceMs = 1000): OldNode =>
          new OldNode({ ...oldNode, endpoint: endpoint(), patienceMs });

        test(
          "import twice changes nothing more, and follows what old nodes freed",
          async () => {
            const context = contextOf(endpoint());
            const old = makeOld();
            for (const id of ["a", "b", "c"]) await old.add(id);
            const first = await importList(context, await onlyList(), "", quiet);
            expect([first.imported, first.removed]).toEqual([3, 0]);
            const again = await importList(context, await onlyList(), "", quiet);
            expect([again.imported, again.removed]).toEqual([0, 0]);
            await old.del("b");
            await old.add("d");
            await old.add("e");
            const third = await importList(context, await onlyList(), "", quiet);
            expect([third.imported, third.removed]).toEqual([2, 1]);
            const node = new NewNode(RANGE, { endpoint: endpoint() });
            const lines = (await old.list())?.split("\n").filter((line) => line !== "") ?? [];
            expect((await node.held()).toSorted()).toEqual(
              lines.map((line) => line.replace("192.168.2", "")).toSorted(),
            );
            expect((await surveyList(context, await onlyList(), "")).unknown).toEqual([]);
          },
          TIMEOUT_MS,
        );

        test(
          "finish stops old nodes for good, and new ones go on without it",
          async () => {
            const context = contextOf(endpoint());
            const old = makeOld();
            await old.add("a");
            const node = new NewNode(RANGE, { endpoint: endpoint() });
            await node.add("new1");
            const before = await old.list();
            const [result] = await finishLists(context, [await onlyList()], "", quiet);
            expect([result?.imported, result?.survey.isFinished]).toEqual([1, true]);
            const late = await old.add("late").catch((error: Error) => error.name);
            expect(late).toBe("TimeoutError");
            expect(await node.add("new2")).toBe("192.168.2.227");
            expect(await node.del("new1")).toBe("");
            expect(await node.del("a")).toBe("");
            expect(await node.add("new3")).toBe("192.168.2.225");
            // The list is as it was: nothing reads or writes it any more.
            expect(await old.list()).toBe(before);
            expect(await finishLists(context, [await onlyList()], "", quiet)).toEqual([]);
          },
          TIMEOUT_MS,
        );

        test(
          "undo brings the list up to date, and all go on as before",
          async () => {
            const context = contextOf(endpoint());
            const old = makeOld(20_000);
            await old.add("a");
            await finishLists(context, [await onlyList()], "", quiet);
            const node = new NewNode(RANGE, { endpoint: endpoint() });
            await node.add("new1");
            await node.add("new2");
            await node.del("new1");
            await undoLists(context, [await onlyList()]);
            const lines = (await old.list())?.split("\n").filter((line) => line !== "") ?? [];
            expect(lines.toSorted()).toEqual(["192.168.2.225 a", "192.168.2.227 new2"]);
            expect(await old.add("b")).toBe("192.168.2.226");
            expect(await node.add("new3")).toBe("192.168.2.228");
            expect(await old.list()).toContain("192.168.2.228 new3");
            expect((await onlyList()).isFinished).toBe(false);
          },
          TIMEOUT_MS,
        );

        test(
          "finish waits for an old node that is in the middle of an ADD, and takes that over, too",
          async () => {
            const context = contextOf(endpoint());
            await makeOld().add("a");
            const slow = new OldNode({
              endpoint: endpoint(),
              range: RANGE,
              layout,
              pause: () => Bun.sleep(1500),
            });
            const adding = slow.add("slow");
            await Bun.sleep(300);
            const [result] = await finishLists(context, [await onlyList()], "", quiet);
            expect(await adding).toBe("192.168.2.226");
            expect(result?.imported).toBe(2);
          },
          TIMEOUT_MS,
        );
      });
    }

    test(
      "new nodes allocate without pause through import, finish and undo, and none is lost",
      async () => {
        const context = contextOf(endpoint());
        const range = "10.0.0.0/24";
        const old = new OldNode({ endpoint: endpoint(), range, patienceMs: 20_000 });
        await old.add("a");
        const answers: string[] = [];
        const stop = new AbortController();
        const workers = [1, 2, 3].map(async (worker) => {
          const node = new NewNode(range, { endpoint: endpoint(), name: `n${worker}` });
          for (let index = 0; !stop.signal.aborted; index++) {
            answers.push(`${await node.add(`w${worker}-${index}`)} w${worker}-${index}`);
            await Bun.sleep(10);
          }
        });
        await importList(context, await onlyList(), "", quiet);
        await finishLists(context, [await onlyList()], "", quiet);
        await Bun.sleep(300);
        await undoLists(context, [await onlyList()]);
        await Bun.sleep(300);
        stop.abort();
        await Promise.all(workers);
        expect(answers.filter((answer) => !/^10\.0\.0\.\d+ w/.test(answer))).toEqual([]);
        const lines = (await old.list())?.split("\n") ?? [];
        expect(lines.toSorted()).toEqual(["10.0.0.1 a", ...answers].toSorted());
      },
      TIMEOUT_MS,
    );

    test(
      "lines that contradict each other, or our own records, are told and left",
      async () => {
        const context = contextOf(endpoint());
        const node = new NewNode(RANGE, { endpoint: endpoint(), legacy: "off" });
        await node.add("ours");
        const old = new OldNode({ endpoint: endpoint(), range: RANGE });
        await old.setList(
          "192.168.2.225 theirs\n192.168.2.226 x\n192.168.2.226 y\nrubbish\n192.168.2.227 x",
        );
        const { survey, imported } = await importList(context, await onlyList(), "", quiet);
        expect(imported).toBe(2);
        expect(survey.conflicts.map(({ line, holder }) => `${line.containerId} ${holder}`)).toEqual(
          ["theirs ours", "y x"],
        );
        expect(survey.unreadable).toEqual(["rubbish"]);
        expect(await node.held()).toEqual([".225 ours", ".226 x", ".227 x"]);
      },
      TIMEOUT_MS,
    );

    test("two lists of one range, by two spellings, are closed and opened together", async () => {
      const context = contextOf(endpoint());
      for (const last of [225, 226]) {
        const of = { endpoint: endpoint(), range: `192.168.2.${last}/28` } as const;
        const old = new OldNode({ ...of, layout: "written" });
        await old.setList(`\n192.168.2.${last} c${last}`);
      }
      for (const expected of [1, 0]) {
        for (const list of await findLists(context)) {
          const { imported, removed } = await importList(context, list, "", quiet);
          expect([imported, removed]).toEqual([expected, 0]);
        }
      }
      const [group, ...others] = byMutex(await findLists(context));
      expect([group?.length, others.length]).toEqual([2, 0]);
      await finishLists(context, group ?? [], "", quiet);
      expect((await findLists(context)).map(({ isFinished }) => isFinished)).toEqual([true, true]);
      await undoLists(context, await findLists(context));
      expect((await findLists(context)).map(({ isClosed }) => isClosed)).toEqual([false, false]);
      const node = new NewNode(RANGE, { endpoint: endpoint() });
      expect((await node.held()).toSorted()).toEqual([".225 c225", ".226 c226"]);
    });

    test("lines that new nodes wrote are their own, whatever their network and setting", async () => {
      const context = contextOf(endpoint());
      await new OldNode({ endpoint: endpoint(), range: RANGE }).add("old");
      const node = new NewNode(RANGE, { endpoint: endpoint() });
      await node.add("blue", { network_name: "blue" });
      await node.add("off", { enable_overlapping_ranges: false });
      const { imported, survey } = await importList(context, await onlyList(), "", quiet);
      expect([imported, survey.conflicts, survey.lines.length]).toEqual([1, [], 3]);
      expect((await node.held()).toSorted()).toEqual([".225 old", ".226 blue", ".227 off"]);
    });

    test("what was imported is known to CHECK, to a DEL without ranges, and where lists are off", async () => {
      const context = contextOf(endpoint());
      const old = new OldNode({ endpoint: endpoint(), range: RANGE });
      for (const id of ["a", "b", "c"]) await old.add(id);
      await finishLists(context, [await onlyList()], "", quiet);
      const node = new NewNode(RANGE, { endpoint: endpoint() });
      expect(await node.check("a", "192.168.2.225/28")).toBe("");
      const faulty = new NewNode("not a range", { endpoint: endpoint() });
      expect(await faulty.del("b")).toBe("");
      const off = new NewNode(RANGE, { endpoint: endpoint(), legacy: "off" });
      expect(await off.del("c")).toBe("");
      expect(await node.held()).toEqual([".225 a"]);
    });

    test("finish and undo that were interrupted are ended by a second call", async () => {
      const context = contextOf(endpoint());
      const old = new OldNode({ endpoint: endpoint(), range: RANGE, patienceMs: 20_000 });
      await old.add("a");
      const close = async (): Promise<void> => {
        await server?.etcdctl("put", "/whereabouts/192.168.2.224/28/ffffffffffffffff", "");
      };
      await close();
      const list = await onlyList();
      expect([list.isFinished, list.isClosed]).toEqual([false, true]);
      const hasty = new NewNode(RANGE, { endpoint: endpoint(), leftMs: 800 });
      expect(await hasty.add("new")).toContain("is being closed or opened");
      await undoLists(context, [list]);
      expect(await old.add("b")).toBe("192.168.2.226");
      await close();
      await finishLists(context, [await onlyList()], "", quiet);
      expect((await onlyList()).isFinished).toBe(true);
      expect(await hasty.add("new")).toBe("192.168.2.227");
      // As an undo leaves it that ended before it wrote the list.
      const key = "/t/reopening/whereabouts/192.168.2.224/28";
      await server?.etcdctl("del", "/t/finished/whereabouts/192.168.2.224/28");
      await server?.etcdctl("put", key, "x");
      const half = finishLists(context, [await onlyList()], "", quiet);
      expect(await half.catch((error: Error) => error.message)).toContain("run it again first");
      await undoLists(context, [await onlyList()]);
      expect(await old.list()).toContain("192.168.2.227 new");
      expect(await server?.etcdctl("get", key)).toBe("");
      expect(await old.add("c")).toBe("192.168.2.228");
    });

    test("2,000 lines are taken over under one lock, locks and foreign keys are no lists", async () => {
      const context = contextOf(endpoint());
      const old = new OldNode({ endpoint: endpoint(), range: "10.0.0.0/16" });
      const lines = Array.from(
        { length: 2000 },
        (_, index) => `10.0.${(index + 1) >> 8}.${(index + 1) & 255} c${index}`,
      );
      await old.setList(lines.join("\n"));
      const put = async (key: string): Promise<void> => {
        const body = JSON.stringify({ key: btoa(key), value: "" });
        await (await fetch(`${endpoint()}/v3/kv/put`, { method: "POST", body })).text();
      };
      for (const key of ["/whereabouts/10.1.0.0/16/694d", "/anykey", "/1foo", "/whereabouts/x"])
        await put(key);
      const calls: number[] = [];
      const { imported } = await importList(context, await onlyList(), "", (done) => {
        calls.push(done);
      });
      expect(imported).toBe(2000);
      expect(calls.at(-1)).toBe(2000);
      expect(calls.length).toBeGreaterThan(50);
    }, 120_000);
  });
}
