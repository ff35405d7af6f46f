import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeIdSources } from "./node-id.ts";
import { defaultStateDir, readNodeId } from "./node-id.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "whereabouts-node-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(more: Partial<NodeIdSources> = {}): string {
  return readNodeId({ environment: {}, files: [], stateDir: join(folder, "state"), ...more });
}

function keptFile(): string {
  return join(folder, "state", "node-id");
}

describe("readNodeId()", () => {
  test("prefers NODENAME, then the files in their order, then what it keeps", () => {
    const [agent, nodename] = [join(folder, "agent"), join(folder, "nodename")];
    const files = [agent, nodename];
    const made = read({ files });
    expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    writeFileSync(nodename, "from-nodename\n");
    expect(read({ files })).toBe("from-nodename");
    writeFileSync(agent, " from-agent \n");
    expect(read({ files })).toBe("from-agent");
    expect(read({ files, environment: { NODENAME: "from-variable" } })).toBe("from-variable");
    expect(read({ files: [], environment: { NODENAME: "" } })).toBe(made);
  });

  test("keeps a new id in a private file, and nothing else", () => {
    const id = read();
    expect(read()).toBe(id);
    expect(statSync(keptFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, "state"))).toEqual(["node-id"]);
  });

  test("makes a new id on a cloned machine, the same for all who find the clone", () => {
    const id = read();
    const text = readFileSync(keptFile(), "utf8");
    const clone = text.replace(/"machineId":"[0-9a-f]{64}"/, `"machineId":"${"0".repeat(64)}"`);
    if (clone === text) {
      expect(existsSync("/etc/machine-id")).toBe(false);
      return;
    }
    writeFileSync(keptFile(), clone);
    const fresh = read();
    expect(fresh).not.toBe(id);
    expect(fresh).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(read()).toBe(fresh);
    writeFileSync(keptFile(), clone);
    expect(read()).toBe(fresh);
  });

  test("keeps its id where the machine says less than before", () => {
    const id = read();
    writeFileSync(keptFile(), JSON.stringify({ id }));
    expect(read()).toBe(id);
  });

  for (const text of ["", "{", "[]", "{}", '{"id":""}', '{"id":7}']) {
    test(`refuses a kept file that holds ${JSON.stringify(text)}, and leaves it`, () => {
      read();
      writeFileSync(keptFile(), text);
      expect(() => read()).toThrow(keptFile());
      expect(readFileSync(keptFile(), "utf8")).toBe(text);
    });
  }

  test("says what to do where no id can be kept", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => read({ stateDir: join(folder, "file") })).toThrow("NODENAME");
  });

  test("is one id for twenty processes that need it at once", async () => {
    const source = `import { readNodeId } from ${JSON.stringify(join(import.meta.dir, "node-id.ts"))};
      console.log(readNodeId({ environment: {}, files: [], stateDir: ${JSON.stringify(join(folder, "state"))} }));`;
    const script = join(folder, "read.ts");
    writeFileSync(script, source);
    const ids = await Promise.all(
      Array.from(
        { length: 20 },
        async () => await new Response(Bun.spawn([process.execPath, script]).stdout).text(),
      ),
    );
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(readdirSync(join(folder, "state"))).toEqual(["node-id"]);
  });
});

describe("defaultStateDir()", () => {
  test("is the system's for whoever owns it, else the user's", () => {
    const owns = statSync("/var/lib").uid === process.geteuid?.();
    const environment = { XDG_STATE_HOME: "/x/state", HOME: "/home/u" };
    expect(defaultStateDir(environment)).toBe(
      owns ? "/var/lib/cni/whereabouts" : "/x/state/whereabouts",
    );
    if (!owns)
      expect(defaultStateDir({ HOME: "/home/u" })).toBe("/home/u/.local/state/whereabouts");
  });
});
