/** What is secret is never printed, however malformed the document is in which it stands. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answerFaults, SECRET } from "./answer.ts";
import { environmentOf, killLeftovers, start } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";

afterEach(async () => {
  await killLeftovers();
  removeFolders();
});

describe("secrets", () => {
  const credentials = `"etcd_username":"${SECRET}","etcd_password":"${SECRET}"`;
  const documents: readonly (readonly [string, string])[] = [
    [
      "of a store that is not there",
      `{"range":"10.0.0.0/24","add_timeout":2,"del_timeout":2,"etcd_host":"127.0.0.1:1",${credentials}}`,
    ],
    ["in an endpoint", `{"range":"10.0.0.0/24","etcd_host":"http://u:${SECRET},x@h:1"}`],
    [
      "in one of several endpoints",
      `{"etcd_host":["h:0","${SECRET}@h:1"],"ETCD_HOST":"u:${SECRET}@h"}`,
    ],
    [
      "in place of a file",
      `{"etcd_host":"h:1","etcd_username":"a","etcd_password_file":"${SECRET}"}`,
    ],
    ["beside faults", `{"range":"10.0.0.0/99",${credentials}}`],
    ["of a wrong type", `{"etcd_password":["${SECRET}"],"etcd_username":{"a":"${SECRET}"}}`],
    ["in upper case", `{"ETCD_PASSWORD":["${SECRET}"]}`],
    ["in a list", `[{${credentials}}]`],
    ["in kubernetes", `{"kubernetes":[{"token":"${SECRET}"}]}`],
    ["cut off", `{"etcd_password":"${SECRET}`],
    ["followed by rubbish", `{${credentials} x}`],
    ["without quotes", `{"etcd_password":hunter2,"etcd_username":"a"}`],
    ["in single quotes", `{"etcd_password":'${SECRET}'}`],
    ["with a control character", `{"etcd_password":"${SECRET}\u0001"}`],
  ];
  for (const [title, ipam] of documents) {
    test(`${title} are not printed`, async () => {
      const folder = makeFolder();
      const log = join(folder, "log");
      const settings = `"data_dir":${JSON.stringify(folder)},"log_file":${JSON.stringify(log)},"log_level":"debug"`;
      const own = ipam.startsWith("{") ? `{${settings},${ipam.slice(1)}` : ipam;
      const stdin = `{"cniVersion":"1.0.0","name":"net","ipam":${own}}`;
      for (const command of ["ADD", "DEL"]) {
        const options = { environment: environmentOf({ command, containerId: "c1" }), stdin };
        const outcome = await start(options).outcome;
        expect(answerFaults(command, outcome)).toEqual([]);
        expect(outcome.stdout + outcome.stderr).not.toContain("hunter2");
      }
      expect(existsSync(log) ? readFileSync(log, "utf8") : "").not.toContain("hunter2");
    }, 30_000);
  }
});
