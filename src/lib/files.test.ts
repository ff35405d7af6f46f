import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeFile,
  fileSystemOf,
  openToAppend,
  parentFolder,
  readTextFile,
  statDescriptor,
  statFile,
  statLink,
  writeSome,
} from "./files.ts";
import { encodeText } from "./system-call.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "whereabouts-files-"));
  writeFileSync(join(folder, "file"), "text ä\n");
  symlinkSync(join(folder, "file"), join(folder, "link"));
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
  mkdirSync(join(folder, "below"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function kinds(name: string): readonly (string | undefined)[] {
  return [statFile(join(folder, name))?.kind, statLink(join(folder, name))?.kind];
}

describe("statFile() and statLink()", () => {
  test("tell what node:fs tells", () => {
    for (const name of ["file", "below", "link"]) {
      const path = join(folder, name);
      const expected = statSync(path, { bigint: true });
      const status = statFile(path);
      expect(status?.identity.endsWith(`:${expected.ino}`)).toBe(true);
      expect(status?.userId).toBe(Number(expected.uid));
      expect(status?.sizeBytes).toBe(Number(expected.size));
    }
  });

  test("tell kinds apart, and follow links or not", () => {
    expect(kinds("file")).toEqual(["file", "file"]);
    expect(kinds("below")).toEqual(["folder", "folder"]);
    expect(kinds("link")).toEqual(["file", "symbolic-link"]);
    expect(kinds("dangling")).toEqual([undefined, "symbolic-link"]);
    expect(statFile("/dev/null")?.kind).toBe("other");
  });

  test("give undefined where nothing is, also below a file", () => {
    expect(statFile(join(folder, "nothing"))).toBeUndefined();
    expect(statFile(join(folder, "file", "below"))).toBeUndefined();
  });

  test("throw for paths that cannot be", () => {
    expect(() => statFile("a\0b")).toThrow("EINVAL");
    expect(() => statFile(`/${"x".repeat(5000)}`)).toThrow("ENAMETOOLONG");
    expect(() => statFile(`/${"x".repeat(300)}`)).toThrow("ENAMETOOLONG");
  });

  test("tell one file from another", () => {
    expect(statFile(join(folder, "file"))?.identity).toBe(
      statFile(join(folder, "link"))?.identity ?? "",
    );
    expect(statFile(join(folder, "file"))?.identity).not.toBe(
      statFile(join(folder, "below"))?.identity ?? "",
    );
  });
});

describe("readTextFile()", () => {
  test("reads files of any length, and of /proc", () => {
    const long = "0123456789ä".repeat(30_000);
    writeFileSync(join(folder, "long"), long);
    expect(readTextFile(join(folder, "long"))).toBe(long);
    expect(readTextFile(join(folder, "file"))).toBe("text ä\n");
    expect(readTextFile("/proc/sys/kernel/random/boot_id")).toBe(
      readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    );
  });

  test("gives undefined where nothing is, and throws where nothing can be read", () => {
    expect(readTextFile(join(folder, "nothing"))).toBeUndefined();
    expect(() => readTextFile(folder)).toThrow("EISDIR");
  });
});

test("openToAppend() appends, and fails on what cannot be opened", () => {
  const path = join(folder, "appended");
  writeFileSync(path, "before ");
  const descriptor = openToAppend(path, 0o600);
  expect(writeSome(descriptor, encodeText("after"), path)).toBe(5);
  expect(statDescriptor(descriptor)?.identity).toBe(statFile(path)?.identity ?? "");
  closeFile(descriptor);
  expect(readFileSync(path, "utf8")).toBe("before after");
  expect(() => openToAppend(folder, 0o600)).toThrow("EISDIR");
  expect(() => openToAppend(join(folder, "no", "log"), 0o600)).toThrow("ENOENT");
});

test("fileSystemOf() knows proc and the file system of namespaces", () => {
  expect(fileSystemOf("/proc")).toBe(0x9fa0);
  expect(fileSystemOf("/proc/self/ns/net")).toBe(0x6e_73_66_73);
  expect(() => fileSystemOf("/nowhere/at/all")).toThrow("ENOENT");
});

test("parentFolder() is what dirname(1) says", () => {
  for (const [path, parent] of [
    ["/a/b", "/a"],
    ["/a/b/", "/a"],
    ["/a", "/"],
    ["/", "."],
    ["a", "."],
    ["a/b", "a"],
  ] as const) {
    expect(parentFolder(path)).toBe(parent);
  }
});
