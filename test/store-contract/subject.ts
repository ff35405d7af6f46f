/** The store under test. */
import type { Store } from "../../src/store/store.ts";

/** A store that is open on contents of its own, empty at first. */
export interface OpenStore {
  readonly store: Store;
  /** Opens the same contents once more, as another process would. */
  readonly another: () => Promise<Store>;
  /** Sets the wall clock of all that is open on these contents. */
  readonly setNow: (ms: number) => void;
  /** Closes what was opened and removes the contents. */
  readonly close: () => Promise<void>;
}

/** What a part of the contract is given: the store that the running test may use. */
export type Subject = () => OpenStore;

/** Wall time at the beginning of every test, in milliseconds since the epoch. */
export const START_MS = 1_800_000_000_000;
