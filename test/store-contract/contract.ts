/** What every store must do (design sections 2 and 5). Each store's own test file runs this suite against it. */
import { afterEach, beforeEach, describe } from "bun:test";
import { claimContract } from "./claim-contract.ts";
import { domainContract } from "./domain-contract.ts";
import { listingContract } from "./listing-contract.ts";
import { releaseContract } from "./release-contract.ts";
import { restContract } from "./rest-contract.ts";
import { robustnessContract } from "./robustness-contract.ts";
import type { OpenStore, Subject } from "./subject.ts";
import { START_MS } from "./subject.ts";
import { usageContract } from "./usage-contract.ts";

/** Defines the tests that hold a store to the contract. `open` is called for each test, its clock at `START_MS`. */
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let opened: OpenStore | undefined;
    beforeEach(async () => {
      opened = await open();
      opened.setNow(START_MS);
    });
    afterEach(async () => {
      await opened?.close();
    });
    const subject: Subject = () => {
      if (opened === undefined) throw new Error("The store is not open");
      return opened;
    };
    describe("claim()", () => claimContract(subject));
    describe("domains", () => domainContract(subject));
    describe("release()", () => releaseContract(subject));
    describe("resting", () => restContract(subject));
    describe("list()", () => listingContract(subject));
    describe("usage()", () => usageContract(subject));
    describe("robustness", () => robustnessContract(subject));
  });
}
