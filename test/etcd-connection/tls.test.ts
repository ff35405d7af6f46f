/** That TLS is spoken with those who are who they say, and with nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificates } from "../etcd/certificates.ts";
import { makeCertificates } from "../etcd/certificates.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { freePort } from "../etcd/port.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { TEST_MS, makeFolder, removeFolders, use } from "./store-call.ts";

let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates();
});

afterAll(async () => {
  await removeServers();
  certificates.remove();
  removeFolders();
});

describeWith(etcd("oldest"), "TLS", () => {
  let open: EtcdMember;
  let asking: EtcdMember;
  let folder: string;
  beforeAll(async () => {
    const { authority, server, client } = certificates;
    const tls = { server, authority: authority.certFile };
    open = await startEtcd({ tls });
    const clients = { authority: authority.certFile, etcdctl: client };
    asking = await startEtcd({ tls: { ...tls, clients } });
    folder = makeFolder();
  }, TEST_MS);

  test(
    "with a CA alone, also one of several in a file",
    async () => {
      const { authority, otherAuthority } = certificates;
      expect(await use([open.endpoint], { tls: { caFile: authority.certFile } })).toBe("ok");
      const bundle = join(folder, "bundle.pem");
      const texts = [otherAuthority, authority].map(({ certFile }) =>
        readFileSync(certFile, "utf8"),
      );
      writeFileSync(bundle, texts.join("\n"));
      expect(await use([open.endpoint], { tls: { caFile: bundle } })).toBe("ok");
      const named = open.endpoint.replace("127.0.0.1", "localhost");
      expect(await use([named], { tls: { caFile: bundle } })).toBe("ok");
    },
    TEST_MS,
  );

  test(
    "with a client certificate, and not without, or with a stranger's",
    async () => {
      const { authority, client, nameless, stranger } = certificates;
      const caFile = authority.certFile;
      for (const pair of [client, nameless])
        expect(await use([asking.endpoint], { tls: { caFile, ...pair } })).toBe("ok");
      for (const tls of [{ caFile }, { caFile, ...stranger }]) {
        const refused = await use([asking.endpoint], { tls, callMs: 1000 });
        expect(refused).toContain(`Cannot use etcd: ${asking.endpoint} broke TLS off`);
        expect(refused).toContain("etcd_cert_file and etcd_key_file");
      }
    },
    TEST_MS,
  );

  test(
    "not with an unknown authority, though a connection that was good is kept",
    async () => {
      const caFile = certificates.otherAuthority.certFile;
      expect(await use([open.endpoint], { tls: { caFile: certificates.authority.certFile } })).toBe(
        "ok",
      );
      for (const tls of [{ caFile }, undefined]) {
        const refused = await use([open.endpoint], { tls, callMs: 1000 });
        expect(refused).toContain("has a certificate that is refused: UNABLE_TO_VERIFY");
        expect(refused).toContain("etcd_ca_cert_file");
      }
    },
    TEST_MS,
  );

  test(
    "not with a wrong name or an expired certificate",
    async () => {
      const { authority, wrongName, expired } = certificates;
      const caFile = authority.certFile;
      for (const [server, code] of [
        [wrongName, "ERR_TLS_CERT_ALTNAME_INVALID"],
        [expired, "CERT_HAS_EXPIRED"],
      ] as const) {
        const member = await startEtcd({ tls: { server, authority: caFile } });
        const refused = await use([member.endpoint], { tls: { caFile }, callMs: 1000 });
        expect(refused).toStartWith(
          `store-unavailable Cannot use etcd: ${member.endpoint} has a certificate that is refused: ${code}`,
        );
        expect(refused).toContain("has not expired");
        await member.remove();
      }
    },
    TEST_MS,
  );

  test(
    "not in plain text, and says which scheme is meant",
    async () => {
      const plain = open.endpoint.replace("https", "http");
      const refused = await use([plain], { callMs: 1000 });
      expect(refused).toContain(`${plain} broke the connection off: ECONNRESET`);
      expect(refused).toContain("needs https://");
    },
    TEST_MS,
  );

  test(
    "not with files that hold something else, and says which",
    async () => {
      const { authority, client, nameless } = certificates;
      const junk = join(folder, "junk.pem");
      writeFileSync(junk, "no certificate");
      const caFile = authority.certFile;
      const cases = [
        [{ caFile: junk }, `${junk} (etcd_ca_cert_file) holds no certificate`],
        [{ caFile, ...client, certFile: junk }, `${junk} (etcd_cert_file) holds no certificate`],
        [{ caFile, ...client, keyFile: junk }, `${junk} (etcd_key_file) holds no private key`],
        [
          { caFile, ...client, keyFile: nameless.keyFile },
          `${nameless.keyFile} (etcd_key_file) is not the key of ${client.certFile} (etcd_cert_file)`,
        ],
      ] as const;
      for (const [tls, reason] of cases)
        expect(await use([open.endpoint], { tls })).toContain(`cannot be asked: ${reason}`);
      const missing = join(folder, "missing.pem");
      expect(await use([open.endpoint], { tls: { caFile: missing } })).toStartWith(
        `input-output Cannot read ${missing} (etcd_ca_cert_file)`,
      );
    },
    TEST_MS,
  );
});

describe("hosts", () => {
  describeWith(etcd("oldest"), "of IPv6", () => {
    for (const scheme of ["http", "https"]) {
      test(
        `[::1] and localhost, ${scheme}`,
        async () => {
          const { authority, server } = certificates;
          const tls = { server, authority: authority.certFile };
          const port = freePort();
          const url = `${scheme}://[::1]:${port}`;
          const flags = [`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`];
          const member = await startEtcd({ flags, ...(scheme === "https" && { tls }) });
          const files = scheme === "https" ? { caFile: authority.certFile } : undefined;
          expect(await use([url], { tls: files })).toBe("ok");
          expect(await use([`${scheme}://localhost:${port}`], { tls: files })).toBe("ok");
          await member.remove();
        },
        TEST_MS,
      );
    }
  });
});
