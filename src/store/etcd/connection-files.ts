/** The files that a connection needs: certificates, a password, and which member was good last. */
import { WhereaboutsError, errorMessage } from "../../core/error.ts";
import { parentFolder, readTextFile } from "../../lib/files.ts";
import type { ClientOptions, TlsTexts } from "./client.ts";
import type { EndpointMemory } from "./endpoints.ts";

/** Where the parts of a connection stand; a password stands here itself, or in a file. */
export interface ConnectionFiles {
  readonly credentials?:
    | {
        readonly username: string;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
      }
    | undefined;
  readonly tls?:
    | {
        readonly caFile?: string | undefined;
        readonly certFile?: string | undefined;
        readonly keyFile?: string | undefined;
      }
    | undefined;
}

/**
 * Reads what a connection needs; a password file is read at each login. Throws `input-output` for a file that cannot be
 * read.
 */
export function readConnectionFiles({
  credentials,
  tls: files,
}: ConnectionFiles): Pick<ClientOptions, "credentials" | "tls" | "whyUnusable"> {
  const tls = files && {
    ca: requireText(files.caFile, "etcd_ca_cert_file"),
    cert: requireText(files.certFile, "etcd_cert_file"),
    key: requireText(files.keyFile, "etcd_key_file"),
  };
  return {
    credentials: credentials && {
      username: credentials.username,
      password: () => credentials.password ?? readPassword(credentials.passwordFile),
    },
    tls,
    whyUnusable: tls && (() => whyUnusable(files, tls)),
  };
}

/** The newline at the end of a file is no part of the password. */
function readPassword(path: string | undefined): string {
  const password = requireText(path, "etcd_password_file")?.replace(/\r?\n$/, "") ?? "";
  if (password !== "") return password;
  throw new WhereaboutsError(
    "input-output",
    `Cannot use ${path} (etcd_password_file): it holds no password`,
  );
}

/** Which file holds nothing that TLS can be spoken with. Bun does not say: it cannot "open a socket". */
function whyUnusable(
  { caFile, certFile, keyFile }: NonNullable<ConnectionFiles["tls"]>,
  { ca, cert, key }: TlsTexts,
): string | undefined {
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule("node:crypto");
  if (ca !== undefined && !works(() => new X509Certificate(ca)))
    return `${caFile} (etcd_ca_cert_file) holds no certificate`;
  if (cert === undefined || key === undefined) return undefined;
  if (!works(() => new X509Certificate(cert)))
    return `${certFile} (etcd_cert_file) holds no certificate`;
  if (!works(() => createPrivateKey(key))) return `${keyFile} (etcd_key_file) holds no private key`;
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
    ? undefined
    : `${keyFile} (etcd_key_file) is not the key of ${certFile} (etcd_cert_file)`;
}

function works(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function requireText(path: string | undefined, key: string): string | undefined {
  if (path === undefined) return undefined;
  let text;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new WhereaboutsError(
      "input-output",
      `Cannot read ${path} (${key}): ${errorMessage(error)}`,
    );
  }
  if (text === undefined)
    throw new WhereaboutsError(
      "input-output",
      `Cannot read ${path} (${key}): there is no such file`,
    );
  return text;
}

/** Keeps what is known of members in a file. */
export function endpointMemory(path: string): EndpointMemory {
  return {
    load() {
      try {
        return readTextFile(path);
      } catch {
        return undefined;
      }
    },
    save(text) {
      // An import would be loaded with every call (docs/decisions/0002).
      const { mkdirSync, renameSync, writeFileSync } = process.getBuiltinModule("node:fs");
      try {
        mkdirSync(parentFolder(path), { recursive: true, mode: 0o700 });
        writeFileSync(`${path}.${process.pid}`, text, { mode: 0o600 });
        renameSync(`${path}.${process.pid}`, path);
      } catch {
        // Only a hint.
      }
    },
  };
}
