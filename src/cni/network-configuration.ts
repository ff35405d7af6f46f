/** The document on standard input: the whole configuration of the main plugin. */
import { formatValue } from "../config/value-text.ts";
import type { Address } from "../core/address.ts";
import { tryParseAddress } from "../core/address.ts";
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import { isJsonObject, parseJson } from "../core/json.ts";
import type { Attachment } from "../ipam/collect.ts";
import { isIdentifier } from "./environment.ts";
import type { CniVersion } from "./version.ts";
import { cniVersions, isCniVersion } from "./version.ts";

/** How large a document may be. */
export const DOCUMENT_LIMIT_BYTES = 1_048_576;

/** A decoded document; its parts beyond name and version are looked at by those who need them. */
export interface NetworkConfiguration {
  readonly name: string;
  readonly cniVersion: CniVersion;
  /** The document itself. */
  readonly main: JsonObject;
}

/** The asked version, for the error that an undecodable document is answered with; undefined if there is none that we speak. */
export function peekCniVersion(document: unknown): CniVersion | undefined {
  if (!isJsonObject(document)) return undefined;
  const version = document["cniVersion"];
  return typeof version === "string" && isCniVersion(version) ? version : undefined;
}

/** Parses a document. Throws `undecodable`. */
export function parseDocument(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const reason = errorMessage(error);
    throw new WhereaboutsError(
      "undecodable",
      `Cannot decode the network configuration on standard input: ${reason}`,
    );
  }
}

/** Checks name and version. Throws `undecodable`, `invalid-configuration`, `incompatible-version`. */
export function parseNetworkConfiguration(document: unknown): NetworkConfiguration {
  if (!isJsonObject(document)) throw undecodable("the network configuration is not a JSON object");
  const { name = "", cniVersion = "" } = document;
  if (typeof name !== "string")
    throw undecodable(`name: ${formatValue(name, "name")} is not a string`);
  if (typeof cniVersion !== "string") {
    throw undecodable(`cniVersion: ${formatValue(cniVersion, "cniVersion")} is not a string`);
  }
  if (name === "") throw invalid("missing network name: set name");
  if (!isIdentifier(name)) {
    throw invalid(
      `name: ${formatValue(name, "name")} has invalid characters: letters, digits, "_", "." and "-" after a letter or digit`,
    );
  }
  // A document without a version is of the first (https://www.cni.dev/docs/spec/#version-considerations).
  const version = cniVersion === "" ? "0.1.0" : cniVersion;
  if (!isCniVersion(version)) {
    throw new WhereaboutsError("incompatible-version", "incompatible CNI versions", {
      details: `config is ${formatValue(version, "cniVersion")}, plugin supports ${JSON.stringify(cniVersions)}`,
    });
  }
  return { name, cniVersion: version, main: document };
}

/** The addresses of `prevResult.ips`. Throws `invalid-configuration` if it is missing, `undecodable` if malformed. */
export function parsePreviousAddresses({ main }: NetworkConfiguration): readonly Address[] {
  const { prevResult } = main;
  if (prevResult === undefined || prevResult === null) {
    throw invalid("prevResult is missing: CHECK compares with the result of ADD");
  }
  if (!isJsonObject(prevResult)) throw undecodable("prevResult is not an object");
  const { ips = [] } = prevResult;
  if (!Array.isArray(ips)) throw undecodable("prevResult.ips is not a list");
  return ips.map((ip: unknown, index) => {
    const text = isJsonObject(ip) ? ip["address"] : undefined;
    const address =
      typeof text === "string" ? tryParseAddress(text.replace(/\/.*$/, "")) : undefined;
    if (address === undefined) {
      throw undecodable(
        `prevResult.ips[${index}].address: ${formatValue(text, "address") || "nothing"} is not an address with prefix length`,
      );
    }
    return address;
  });
}

/**
 * The attachments in use, under the key of the specification or the one that libcni writes as well. Undefined if
 * neither is there; `null` is Go's empty list. Throws `undecodable`.
 */
export function parseValidAttachments({
  main,
}: NetworkConfiguration): readonly Attachment[] | undefined {
  const keys = ["cni.dev/valid-attachments", "cni.dev/attachments"].filter((key) =>
    Object.hasOwn(main, key),
  );
  if (keys.length === 0) return undefined;
  return keys.flatMap((key) => {
    const list: unknown = main[key] ?? [];
    if (!Array.isArray(list)) throw undecodable(`${key} is not a list`);
    return list.map((item: unknown, index): Attachment => {
      const { containerID, ifname } = isJsonObject(item) ? item : {};
      if (typeof containerID !== "string" || typeof ifname !== "string") {
        throw undecodable(`${key}[${index}] is not {"containerID": "...", "ifname": "..."}`);
      }
      return { containerId: containerID, interfaceName: ifname };
    });
  });
}

function undecodable(message: string): WhereaboutsError {
  return new WhereaboutsError("undecodable", `Cannot decode the network configuration: ${message}`);
}

function invalid(message: string): WhereaboutsError {
  return new WhereaboutsError("invalid-configuration", message);
}
