import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsIdentity } from "../core/allocation.ts";
import { statFile } from "../lib/files.ts";
import { identifyNetns, isOwnNetns, sightNetns } from "./netns.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "whereabouts-netns-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const own = `/proc/${process.pid}/ns/net`;

function identify(path: string): NetnsIdentity {
  const identity = identifyNetns(path);
  if (identity === undefined) throw new Error(`no namespace at ${path}`);
  return identity;
}

describe("identifyNetns()", () => {
  test("recognises a process's namespace, seen from a PID namespace", () => {
    const identity = identify(own);
    expect(identity.path).toBe(own);
    expect(identity.seenFrom).toStartWith("pid:");
    expect(sightNetns(identity)).toBe("same");
  });

  test("gives nothing for what is no namespace, or means another thing to another process", () => {
    writeFileSync(join(folder, "plain"), "");
    symlinkSync(own, join(folder, "link"));
    const paths = [
      "",
      "relative",
      "/nowhere",
      "/dev/null",
      join(folder, "plain"),
      join(folder, "link"),
      "/proc/self/ns/net",
      "/proc/thread-self/ns/net",
      `/proc/${process.pid}/task/${process.pid}/ns/net`,
    ];
    expect(paths.filter((path) => identifyNetns(path) !== undefined)).toEqual([]);
  });
});

describe("sightNetns()", () => {
  test("tells a namespace that is gone, and another in its place", () => {
    const identity = identify(own);
    expect(sightNetns({ ...identity, namespace: "0:4:1" })).toBe("replaced");
    expect(sightNetns({ ...identity, path: "/proc/4194304/ns/net" })).toBe("missing");
  });

  test("proves nothing where the parent folder or the PID namespace is another", () => {
    const identity = identify(own);
    const elsewhere = { ...identity, seenFrom: "pid:0:4:1" };
    expect(sightNetns({ ...elsewhere, namespace: "0:4:1" })).toBe("unknown");
    // No proof of anything, but reason enough for GC to leave it.
    expect(sightNetns(elsewhere)).toBe("same");
    const path = join(folder, "moved", "ns");
    mkdirSync(join(folder, "moved"));
    const gone: NetnsIdentity = { path, namespace: "0:4:1", seenFrom: "0:0:0" };
    expect(sightNetns(gone)).toBe("unknown");
    renameSync(join(folder, "moved"), join(folder, "elsewhere"));
    expect(sightNetns(gone)).toBe("unknown");
  });

  test("proves nothing by a plain file", () => {
    const path = join(folder, "not-propagated");
    writeFileSync(path, "");
    const seenFrom = statFile(folder)?.identity ?? "";
    expect(sightNetns({ path, namespace: "0:4:1", seenFrom })).toBe("unknown");
    rmSync(path);
    expect(sightNetns({ path, namespace: "0:4:1", seenFrom })).toBe("missing");
  });
});

test("isOwnNetns() is true of this process's namespace alone", () => {
  expect(isOwnNetns("/proc/self/ns/net")).toBe(true);
  expect(isOwnNetns(own)).toBe(true);
  expect([folder, "/nowhere", "/proc/self/ns/pid", ""].map(isOwnNetns)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
