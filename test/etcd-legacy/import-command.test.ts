/** `whereabouts import etcd` as a person runs it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { tmpdir } from "node:os";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { EXECUTABLE, start } from "../process/executable.ts";
import { describeWith } from "../skip.ts";
import { NewNode, emptyEtcd } from "./legacy-world.ts";
import { OldNode } from "./old-node.ts";

setDefaultTimeout(60_000);

const RANGE = "192.168.2.225/28";

describeWith(etcd("oldest"), "whereabouts import etcd", () => {
  let server: EtcdMember | undefined;
  const endpoint = (): string => server?.endpoint ?? "";
  beforeAll(async () => {
    server = await startEtcd();
    await emptyEtcd(endpoint());
  });
  afterAll(removeServers);

  /** Standard output, standard error and exit code. */
  const run = async (...options: string[]): Promise<readonly [string, string, number | null]> => {
    const { stdout, stderr, exitCode } = await start({
      environment: { NODENAME: "n", HOME: tmpdir(), XDG_STATE_HOME: tmpdir() },
      argv: [EXECUTABLE, ...options, "--etcd-host", server?.hostPort ?? ""],
      hangMs: 50_000,
    }).outcome;
    return [stdout, stderr, exitCode];
  };

  test("shows, imports, finishes, lists and restores, and asks before it does", async () => {
    expect(await run("import", "etcd")).toEqual([
      "There is no list of the old whereabouts.\nNothing is to be done.\n",
      "",
      0,
    ]);
    const old = new OldNode({ endpoint: endpoint(), range: RANGE });
    await old.add("a");
    await old.setList("192.168.2.225 a\n192.168.2.226 b\nrubbish");

    const [preview, , previewCode] = await run("import", "etcd", "--dry-run");
    expect(previewCode).toBe(0);
    expect(preview).toContain("/whereabouts/192.168.2.224/28  in use  2      2");
    expect(preview).toContain('cannot be read: "rubbish"');
    expect(preview).toEndWith("Nothing was done (--dry-run).\n");
    expect((await run("import", "etcd"))[2]).toBe(2);
    expect((await run("import", "elsewhere"))[1]).toContain('"elsewhere" is no source');
    expect((await run("import", "etcd", "--finish", "--undo"))[1]).toContain("opposites");
    expect((await run("import", "etcd", "--range", "10.0.0.0/8"))[1]).toContain(
      "There is no list of 10.0.0.0/8; there are /whereabouts/192.168.2.224/28",
    );

    const [imported, , importedCode] = await run("import", "etcd", "--yes");
    expect(imported).toContain("/whereabouts/192.168.2.224/28: 2 imported, 0 gone, 1 not taken");
    expect(importedCode).toBe(1);
    const [listed] = await run("ls");
    expect(listed).toContain("192.168.2.225  a");
    expect(listed).toContain("unknown");

    await old.setList("192.168.2.225 a\n192.168.2.226 b");
    const [finished, , finishedCode] = await run("import", "etcd", "--finish", "--yes");
    expect([finished.split("\n").at(-2), finishedCode]).toEqual([
      "/whereabouts/192.168.2.224/28: 0 imported, 0 gone; closed",
      0,
    ]);
    const [again] = await run("import", "etcd", "--finish", "--yes");
    expect(again).toEndWith("Nothing is to be done.\n");

    const [restored, , restoredCode] = await run("import", "etcd", "--undo", "--yes", "-o", "json");
    expect(restoredCode).toBe(0);
    expect(JSON.parse(restored)).toMatchObject([
      { list: "/whereabouts/192.168.2.224/28", finished: false, lines: 2, toImport: [] },
    ]);
    expect(await old.add("c")).toBe("192.168.2.227");
  });

  test("what was imported is released by hand, with its line", async () => {
    await emptyEtcd(endpoint());
    const old = new OldNode({ endpoint: endpoint(), range: RANGE });
    await old.add("a");
    await old.add("b");
    await run("import", "etcd", "--yes");
    const [released, stderr, code] = await run("release", "192.168.2.225", "--yes");
    expect([stderr, code]).toEqual(["", 0]);
    expect(released).toContain("Released 192.168.2.225");
    expect(await old.list()).toBe("192.168.2.226 b");
    const node = new NewNode(RANGE, {
      endpoint: endpoint(),
      prefix: "/whereabouts.cni.cncf.io/v1/",
    });
    expect(await node.add("new")).toBe("192.168.2.225");
  });
});
