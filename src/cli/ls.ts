/** `whereabouts ls`: every address that is held or rests, in order. */
import { formatAddress } from "../core/address.ts";
import type { Allocation } from "../core/allocation.ts";
import type { ListFilter, Listed } from "../store/store.ts";
import type { CliHost } from "./cli-host.ts";
import { holderName, listedToJson, networkName, nodeName } from "./describe.ts";
import type { Given } from "./options.ts";
import { wantsJson } from "./options.ts";
import type { Progress } from "./progress.ts";
import { startProgress } from "./progress.ts";
import { selectedNetwork, withStore } from "./select-store.ts";
import { columnWidths, formatDuration, formatTable, makeStyle } from "./terminal.ts";

/** How many rows are held back to align them: listings of any length need bounded memory. */
const PAGE_ROWS = 500;

/** Lists, and returns the exit code. */
export async function runLs(host: CliHost, given: Given): Promise<0> {
  const isJson = wantsJson(given);
  const network = selectedNetwork(host, given);
  const [node, pod] = [given.text("node"), given.text("pod")];
  await withStore(host, given, async (world) => {
    const filter: ListFilter = {
      ...(network !== undefined && { network }),
      ...(node !== undefined && { node: node === "self" ? world.node : node }),
    };
    // A program that reads JSON may be one that shows something of its own.
    const isShown = !(isJson && host.isPiped());
    const progress = startProgress(
      { ...host, isErrorTerminal: host.isErrorTerminal && isShown },
      "addresses",
    );
    const rows = selectPod(world.store.list(filter), pod, progress);
    const write = (text: string): void => {
      progress.clear();
      host.write(text);
    };
    try {
      await (isJson ? printJson(write, rows) : printTable(host, write, rows, world.node));
    } finally {
      progress.clear();
    }
  });
  return 0;
}

async function* selectPod(
  rows: AsyncIterable<Listed>,
  pod: string | undefined,
  progress: Progress,
): AsyncIterable<Listed> {
  for await (const row of rows) {
    progress.count();
    if (pod === undefined || (row.kind === "held" && isOf(row.allocation, pod))) yield row;
  }
}

/** Whether a pod or container goes by a name: `NAMESPACE/NAME`, `NAME`, pod UID, container id. */
function isOf({ podNamespace, podName, containerId, owner }: Allocation, pod: string): boolean {
  return [`${podNamespace ?? ""}/${podName}`, podName, owner.pod, containerId].includes(pod);
}

type Write = (text: string) => void;

async function printJson(write: Write, rows: AsyncIterable<Listed>): Promise<void> {
  let separator = "[\n";
  try {
    for await (const row of rows) {
      write(separator + JSON.stringify(listedToJson(row)));
      separator = ",\n";
    }
    if (separator === "[\n") write("[]\n");
  } finally {
    // What was printed stays a document, also where an error follows.
    if (separator !== "[\n") write("\n]\n");
  }
}

async function printTable(
  host: CliHost,
  write: Write,
  rows: AsyncIterable<Listed>,
  ownNode: string,
): Promise<void> {
  const header = ["ADDRESS", "HELD BY", "INTERFACE", "NETWORK", "NODE", "SINCE"];
  const style = makeStyle(host.hasColour);
  let page: string[][] = [header.map((title) => style.bold(title))];
  let widths: readonly number[] = [];
  let count = 0;
  try {
    for await (const row of rows) {
      count++;
      page.push(tableRow(row, ownNode, host.now()));
      if (page.length < PAGE_ROWS) continue;
      write(formatTable(page, widths));
      widths = columnWidths(page, widths);
      page = [];
    }
    if (count === 0) write("No address is held.\n");
  } finally {
    // Also where the listing ends with an error: a store names what is damaged after all that it can read.
    if (count > 0) write(formatTable(page, widths));
  }
}

function tableRow(row: Listed, ownNode: string, nowMs: number): string[] {
  const address = formatAddress(row.holding.address);
  if (row.kind === "resting") {
    const { lastOwner, restsUntilMs } = row;
    const left = formatDuration(restsUntilMs - nowMs);
    return [
      address,
      `(rests, ${left} left)`,
      "",
      networkName(lastOwner.network),
      nodeName(lastOwner.node, ownNode),
      "",
    ];
  }
  const { allocation } = row;
  const { owner, confirmedAt } = allocation;
  const age = formatDuration(nowMs - Date.parse(confirmedAt));
  return [
    address,
    holderName(allocation),
    owner.interfaceName,
    networkName(owner.network),
    nodeName(owner.node, ownNode),
    age,
  ];
}
