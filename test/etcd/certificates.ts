/** Certificates for tests: real ones, of authorities that live as long as the test. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key: paths of PEM files. */
export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What tests of TLS need. All but `otherAuthority` and `stranger` are of `authority`. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly otherAuthority: KeyPair;
  /** For 127.0.0.1, ::1 and localhost; without a common name, also for a client, as etcd's gateway needs it. */
  readonly server: KeyPair;
  /** For `elsewhere.example` alone. */
  readonly wrongName: KeyPair;
  /** For the names of `server`, until yesterday. */
  readonly expired: KeyPair;
  /** A client whose common name is `whereabouts`. */
  readonly client: KeyPair;
  /** A client without a common name: with authentication on, etcd's gateway refuses every other certificate. */
  readonly nameless: KeyPair;
  /** The same as `client`, of the other authority. */
  readonly stranger: KeyPair;
  /** Removes all of them. */
  remove(): void;
}

const LOOPBACK = "IP:127.0.0.1,IP:::1,DNS:localhost";

/** Makes them with openssl, in a temporary folder: some 0.2 s. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-certificates-"));
  const make = (name: string, subject: string, altName?: string, more: Partial<Leaf> = {}) =>
    makeLeaf(folder, { name, subject, altName, authority: "authority", days: 2, ...more });
  return {
    authority: makeAuthority(folder, "authority"),
    otherAuthority: makeAuthority(folder, "other"),
    server: make("server", "/O=test", LOOPBACK),
    wrongName: make("wrong-name", "/O=test", "DNS:elsewhere.example"),
    expired: make("expired", "/O=test", LOOPBACK, { days: -1 }),
    client: make("client", "/CN=whereabouts"),
    nameless: make("nameless", "/O=test"),
    stranger: make("stranger", "/CN=whereabouts", undefined, { authority: "other" }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Leaf {
  readonly name: string;
  readonly subject: string;
  readonly altName: string | undefined;
  /** Name of the authority. */
  readonly authority: string;
  readonly days: number;
}

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

function pairOf(folder: string, name: string): KeyPair {
  return { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
}

function makeAuthority(folder: string, name: string): KeyPair {
  const usage = "-addext keyUsage=critical,keyCertSign,cRLSign";
  const files = `-keyout ${name}.key -out ${name}.pem`;
  openssl(folder, `req -x509 ${NEW_KEY} ${files} -days 2 -subj /CN=${name} ${usage}`);
  return pairOf(folder, name);
}

function makeLeaf(folder: string, { name, subject, altName, authority, days }: Leaf): KeyPair {
  const lines = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"];
  if (altName !== undefined) lines.push(`subjectAltName=${altName}`);
  writeFileSync(join(folder, `${name}.ext`), lines.join("\n"));
  openssl(folder, `req -new ${NEW_KEY} -keyout ${name}.key -out ${name}.csr -subj ${subject}`);
  // `req -x509` takes no negative number of days.
  const signer = `-CA ${authority}.pem -CAkey ${authority}.key -CAcreateserial`;
  const files = `-in ${name}.csr -extfile ${name}.ext -out ${name}.pem`;
  openssl(folder, `x509 -req ${files} ${signer} -days ${days}`);
  return pairOf(folder, name);
}

/** Calls openssl in a folder, with arguments without spaces. */
function openssl(folder: string, args: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args.split(" ")], {
    cwd: folder,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`openssl ${args} failed: ${stderr.toString()}`);
}
