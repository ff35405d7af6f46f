/** The chosen store as `check-config` shows it, as text and as JSON: everything but passwords. */
import type { EtcdCredentials, EtcdStoreChoice, StoreChoice } from "../config/configuration.ts";

/** Rows of name and value. */
export function explainStore(
  store: StoreChoice | undefined,
): readonly (readonly [string, string])[] {
  if (store === undefined) return [["store", "none"]];
  if (store.kind === "local") return [["store", `SQLite in ${store.dataDir}`]];
  const { endpoints, prefix, credentials, tls, legacy } = store;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["store", "etcd"],
    ...endpoints.map((endpoint) => ["  endpoint", endpoint] as const),
    ["  prefix", prefix],
    ["  user", credentials && explainUser(credentials)],
    ["  CA file", tls?.caFile],
    ["  cert file", tls?.certFile],
    ["  key file", tls?.keyFile],
    ["  old nodes", explainLegacy(legacy)],
  ];
  return rows.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}

function explainUser({ username, passwordFile }: EtcdCredentials): string {
  return `${username}, ${passwordFile === undefined ? "with a password" : `password in ${passwordFile}`}`;
}

function explainLegacy(legacy: EtcdStoreChoice["legacy"]): string {
  switch (legacy) {
    case undefined:
      return "kept informed in each range where they have a list";
    case "mixed":
      return "kept informed in every range (mixed)";
    case "off":
      return "not looked for (off)";
  }
}

/** The choice as it is, without a password. */
export function storeToJson(store: StoreChoice | undefined): object | undefined {
  if (store?.kind !== "etcd" || store.credentials === undefined) return store;
  const { username, passwordFile } = store.credentials;
  return { ...store, credentials: { username, passwordFile } };
}
