/** What a whereabouts configuration says, in canonical form: parsed once, then trusted. */
import type { Address } from "../core/address.ts";
import type { Range } from "../core/range.ts";

/** SQLite on this host. */
export interface LocalStoreChoice {
  readonly kind: "local";
  /** The folder of the database. */
  readonly dataDir: string;
}

/** Who logs in to etcd, and by which password or file that holds it. */
export type EtcdCredentials =
  | { readonly username: string; readonly password: string; readonly passwordFile?: never }
  | { readonly username: string; readonly password?: never; readonly passwordFile: string };

/** Absolute paths of PEM files; at least one. A certificate and its key come together. */
export interface EtcdTlsFiles {
  /** Who may have signed the server's certificate; without it a public authority. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** An etcd cluster, and where in it. */
export interface EtcdStoreChoice {
  readonly kind: "etcd";
  /** `http://HOST:PORT` or `https://HOST:PORT`, at least one, each once, in the order of preference. */
  readonly endpoints: readonly string[];
  /** Begins and ends with `/`. */
  readonly prefix: string;
  readonly credentials?: EtcdCredentials;
  /** Only where each endpoint is `https://`. */
  readonly tls?: EtcdTlsFiles;
  /** Whether the lists of the Go implementation are kept (`mixed`); undefined: decided for each range. */
  readonly legacy?: "mixed" | "off";
}

/** Every kind of store; kubernetes follows. */
export type StoreChoice = LocalStoreChoice | EtcdStoreChoice;

/** An address that is put into every result and never reserved (`addresses`, `CNI_ARGS IP` outside of all ranges). */
export interface StaticAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly gateway?: Address;
}

/** A route as results carry it: https://www.cni.dev/docs/spec/#add-success. */
export interface Route {
  /** A canonical prefix; host bits are kept as written. */
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** Name resolution as results carry it. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** From the fewest lines to the most. */
export type LogLevel = "panic" | "error" | "verbose" | "debug";

/** The canonical `ipam` object. */
export interface Configuration {
  /** `network_name`; empty for the default network. */
  readonly network: string;
  /** Undefined where the choice is at fault, or left to chance in a cluster. */
  readonly store: StoreChoice | undefined;
  /** `range` first, then `ipRanges`. */
  readonly ranges: readonly Range[];
  readonly overlapping: boolean;
  readonly addresses: readonly StaticAddress[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  readonly reuseDelaySeconds: number;
  /** Milliseconds for a whole call. */
  readonly timeouts: { readonly addMs: number; readonly delMs: number; readonly statusMs: number };
}

/** What a fault stands in the way of: `store` of every command, `range` of those that give out addresses. */
export type FaultScope = "store" | "range";

/** One thing that is wrong in a configuration. */
export interface Fault {
  /** Where: `ipam.ipRanges[1].gateway`. */
  readonly path: string;
  /** The value as JSON, cut to a readable length; never that of a secret. */
  readonly value: string;
  /** What is wrong or would be right. */
  readonly expected: string;
  readonly scope: FaultScope;
}

/** One thing that is accepted without the effect that it seems to have; `strict` makes it a fault. */
export type Warning = Omit<Fault, "scope">;

/** A configuration with all that is wrong with it. With faults of a scope, what they touch holds defaults. */
export interface ParsedConfiguration {
  readonly configuration: Configuration;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
  /** The flat file that was merged in. */
  readonly flatFile: string | undefined;
}
