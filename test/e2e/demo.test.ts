/** The tour of `make demo` holds what it promises: it checks its own claims, and cleans up. */
import { expect } from "bun:test";
import { join } from "node:path";
import { testWith } from "../skip.ts";
import { network } from "./requirements.ts";

testWith(
  network,
  "make demo shows what it says it shows",
  async () => {
    const script = join(import.meta.dir, "../../demo/demo.sh");
    const demo = Bun.spawn(["bash", script], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [exitCode, stdout, stderr] = await Promise.all([
      demo.exited,
      demo.stdout.text(),
      demo.stderr.text(),
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toEndWith("Everything was as it should be.\n");
    expect(stdout).not.toContain("\u001b");
  },
  60_000,
);
