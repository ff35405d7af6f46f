import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import type { EtcdVersion } from "../etcd/program.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { storeContract } from "./contract.ts";
import { openEtcd } from "./open-stores.ts";

/** A test that times out would take the server of all others with it. */
setDefaultTimeout(60_000);

const versions: readonly EtcdVersion[] = ["oldest", "newest"];

for (const version of versions) {
  describeWith(etcd(version), `etcd, the ${version} version`, () => {
    let server: EtcdMember | undefined;
    beforeAll(async () => {
      server = await startEtcd({ version });
    });
    afterAll(removeServers);
    storeContract(`etcd store on the ${version} version`, async () => {
      if (server === undefined) throw new Error("The server is not running");
      return await openEtcd(server.endpoint);
    });
  });
}
