/** Folders for the data of servers, in memory where there is enough of it. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "whereabouts-etcd-";

/** A member reserves 64 MB for its log at once, and a container may have no more than that in /dev/shm. */
const WANTED_BYTES = 2 ** 30;

let parent: string | undefined;

/** Makes a folder. One whose maker died before it could remove it is removed by the next maker. */
export function makeServerFolder(): string {
  parent ??= sweep(hasRoom("/dev/shm") ? "/dev/shm" : tmpdir());
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= WANTED_BYTES;
}

function sweep(folder: string): string {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : NaN;
    if (pid > 0 && !existsSync(`/proc/${pid}`)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
  return folder;
}
