/** The files that a connection needs: certificates, a password, and which member was good last. */
import { WhereaboutsError, errorMessage } from "../../core/error.ts";
import { parentFolder, readTextFile } from "../../lib/files.ts";
import type { ClientOptions } from "./client.ts";
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

/** Reads what a connection needs. Throws `input-output` for a file that cannot be read. */
export function readConnectionFiles({
  credentials,
  tls,
}: ConnectionFiles): Pick<ClientOptions, "credentials" | "tls"> {
  return {
    credentials: credentials && {
      username: credentials.username,
      password:
        credentials.password ??
        requireText(credentials.passwordFile, "etcd_password_file")?.replace(/\r?\n$/, "") ??
        "",
    },
    tls: tls && {
      ca: requireText(tls.caFile, "etcd_ca_cert_file"),
      cert: requireText(tls.certFile, "etcd_cert_file"),
      key: requireText(tls.keyFile, "etcd_key_file"),
    },
  };
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
