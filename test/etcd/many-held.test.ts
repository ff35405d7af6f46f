/**
 * Every command and every plugin call where very much is held: 30,000 addresses, or as many as the variable
 * WHEREABOUTS_TEST_HELD says. Each is a process of its own: its memory is bounded, and it takes no longer than people wait.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { etcd } from "./requirements.ts";
import { describeWith } from "../skip.ts";
import { BULK_SERVER, bulkPod, fillEtcd } from "./bulk.ts";
import type { EtcdMember } from "./member.ts";
import { removeServers } from "./member.ts";
import { startEtcd } from "./server.ts";

const EXECUTABLE = `${import.meta.dir}/../../dist/whereabouts`;
const COUNT = Number.parseInt(process.env["WHEREABOUTS_TEST_HELD"] ?? "30000", 10);
const TIMEOUT_MS = 900_000;

/** What is read by name or by a narrow window. */
const QUICK_MS = 4000;
/** What counts all that is held. */
const COUNTING_MS = 4000 + COUNT / 100;
/** What lists all of it: some 0.15 ms an address, most of them in the server. */
const LISTING_MS = 10_000 + COUNT / 2;
const MOST_KB = 200_000;

const NODE = "bulk-node-0001";
const RANGE = "10.0.0.0/8";

interface Outcome {
  readonly exitCode: number;
  /** What it printed: the first lines of it, how many there were, and the last one. */
  readonly text: string;
  readonly lineCount: number;
  readonly lastLine: string;
}

interface Call {
  readonly command: string;
  readonly stdin: object;
}

/** Runs the executable, whose time and memory are bounded. */
async function run(args: readonly string[], mostMs: number, call?: Call): Promise<Outcome> {
  const startedMs = performance.now();
  const child = Bun.spawn([EXECUTABLE, ...args], {
    env: {
      NODENAME: NODE,
      ...(call !== undefined && {
        CNI_COMMAND: call.command,
        CNI_CONTAINERID: "late",
        CNI_IFNAME: "net1",
        CNI_NETNS: "/run/netns/none",
        CNI_PATH: "/opt/cni/bin",
      }),
    },
    stdin: call === undefined ? "ignore" : Buffer.from(JSON.stringify(call.stdin)),
    stdout: "pipe",
    stderr: "inherit",
  });
  let [text, tail, lineCount, peakKb] = ["", "", 0, 0];
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const piece = decoder.decode(chunk, { stream: true });
    if (text.length < 1e6) text += piece;
    tail = (tail + piece).slice(-1000);
    lineCount += piece.split("\n").length - 1;
    peakKb = Math.max(peakKb, peakOf(child.pid));
  }
  const exitCode = await child.exited;
  const tookMs = performance.now() - startedMs;
  const memory = peakKb > 0 ? `, ${Math.round(peakKb / 1000)} MB` : "";
  const what = `${call?.command ?? args.join(" ")}: ${Math.round(tookMs)} ms${memory}`;
  if (process.env["WHEREABOUTS_TEST_HELD"] !== undefined) console.log(what);
  if (tookMs > mostMs || peakKb > MOST_KB) throw new Error(`Too much: ${what}`);
  return { exitCode, text, lineCount, lastLine: tail.trimEnd().split("\n").at(-1) ?? "" };
}

/** The most memory that a process had so far; 0 once it is over. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

for (const fragmented of [false, true]) {
  describeWith(etcd("oldest"), `${COUNT} held, ${fragmented ? "fragmented" : "contiguous"}`, () => {
    let server: EtcdMember;
    const fill = { network: "", cidr: RANGE, count: COUNT, fragmented };
    const lowestFree = address(fragmented ? 2 : COUNT + 1);

    beforeAll(async () => {
      server = await startEtcd(BULK_SERVER);
      await fillEtcd(server.endpoint, "/whereabouts.cni.cncf.io/v1/", fill);
    }, TIMEOUT_MS);
    afterAll(removeServers);

    const cli = async (command: string, mostMs: number): Promise<Outcome> =>
      await run([...command.split(" "), "--etcd-host", server.hostPort], mostMs);
    const cni = async (command: string, more: object = {}): Promise<Outcome> =>
      await run([], QUICK_MS, {
        command,
        stdin: {
          cniVersion: "1.1.0",
          name: "bulk",
          type: "macvlan",
          ipam: { type: "whereabouts", range: RANGE, etcd_host: server.hostPort },
          ...more,
        },
      });

    test(
      "ADD, CHECK, STATUS and DEL are quick",
      async () => {
        const added = await cni("ADD");
        expect(added.text).toContain(`"${lowestFree}/8"`);
        const prevResult: unknown = JSON.parse(added.text);
        const done = { exitCode: 0, text: "" };
        expect(await cni("CHECK", { prevResult })).toMatchObject(done);
        expect(await cni("STATUS")).toMatchObject(done);
        expect(await cni("DEL")).toMatchObject(done);
        expect((await cni("ADD")).text).toContain(`"${lowestFree}/8"`);
        expect(await cni("DEL")).toMatchObject(done);
      },
      TIMEOUT_MS,
    );

    test(
      "ls streams",
      async () => {
        const table = await cli("ls", LISTING_MS);
        expect(table.lineCount).toBe(COUNT + 1);
        expect(table.text.split("\n")[1]).toStartWith(`${address(1)} `);
        const lastHeld = address(1 + (COUNT - 1) * (fragmented ? 2 : 1));
        expect(table.lastLine).toStartWith(`${lastHeld} `);
        const json = await cli("ls -o json", LISTING_MS);
        expect(json.lineCount).toBe(COUNT + 2);
        expect(json.lastLine).toBe("]");
      },
      TIMEOUT_MS,
    );

    test(
      "ls finds what a node holds, and a pod",
      async () => {
        expect((await cli("ls --node self", LISTING_MS)).lineCount).toBe(COUNT / 100 + 1);
        const { podName = "" } = bulkPod(fill, COUNT).confirmation;
        const { lineCount, lastLine } = await cli(`ls --pod bulk/${podName}`, LISTING_MS);
        expect([lineCount, lastLine.includes(podName)]).toEqual([2, true]);
      },
      TIMEOUT_MS,
    );

    test(
      "pools and show count",
      async () => {
        const use = `${COUNT.toLocaleString("en")} of 16,777,214, next ${lowestFree}`;
        expect((await cli("pools", COUNTING_MS)).text).toContain(use);
        const held = await cli(`show ${address(1)}`, COUNTING_MS);
        expect(held.text).toContain("bulk/bulk-00000001");
        const free = await cli("show 10.250.0.1", COUNTING_MS);
        expect(free.text).toContain("free in 10.0.0.0/8");
      },
      TIMEOUT_MS,
    );

    test(
      "release and gc free",
      async () => {
        const released = await cli(`release ${address(1)} --yes`, COUNTING_MS);
        expect(released.text).toContain(`Released ${address(1)}`);
        expect((await cni("ADD")).text).toContain(`"${address(1)}/8"`);
        // It registered its boot for the node, so that what claimed in another boot is dead.
        const own = await cli("gc --dry-run", LISTING_MS);
        expect(own.text).toContain("rebooted");
        const other = await cli("gc --node bulk-node-0002 --yes", LISTING_MS);
        expect(other.lastLine).toBe(`Freed ${COUNT / 100} of ${COUNT / 100} holders.`);
      },
      TIMEOUT_MS,
    );
  });
}

/** The address with a number from 1 on in the range. */
function address(number: number): string {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}
