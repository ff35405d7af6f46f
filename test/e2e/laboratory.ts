/** What one test makes on the machine, and takes away again whatever happens: `await using lab = openLaboratory()`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder and a name of its own, and a list of what is to be undone. */
export class Laboratory implements AsyncDisposable {
  /** Part of every name that others could see: random, so that tests may run at once. */
  readonly id = crypto.randomUUID().slice(0, 6);
  readonly folder = mkdtempSync(join(tmpdir(), "whereabouts-e2e-"));
  readonly #undo: (() => void | Promise<void>)[] = [];

  /** A path in the folder. */
  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Has something undone at the end: what was made last goes first. */
  defer(undo: () => void | Promise<void>): void {
    this.#undo.push(undo);
  }

  /** Undoes everything. Throws all that could not be undone: a leak is a failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.#undo.toReversed()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
    if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join("\n"));
  }
}

/** A new laboratory. */
export function openLaboratory(): Laboratory {
  return new Laboratory();
}
