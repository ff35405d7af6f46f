/** Folders of a test that are gone after it, also if it failed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Set<string>();

/** A new empty folder. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-process-"));
  made.add(folder);
  return folder;
}

/** Removes all folders that were made: for `afterEach`, after the processes that use them have ended. */
export function removeFolders(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
  made.clear();
}
