/** The configuration of a main plugin, which holds ours: https://www.cni.dev/docs/spec/#configuration-format. */
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import { isJsonObject, memberOf, parseJson } from "../core/json.ts";
import type { CniVersion } from "./cni-version.ts";
import { cniVersions, isCniVersion } from "./cni-version.ts";
import { formatValue } from "./value-text.ts";

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
  const version = memberOf(document, "cniVersion");
  return typeof version === "string" && isCniVersion(version) ? version : undefined;
}

/** Parses a document. Throws `undecodable`. */
export function parseDocument(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const reason = errorMessage(error);
    throw new WhereaboutsError("undecodable", `Cannot decode the network configuration: ${reason}`);
  }
}

/** Checks name and version. Throws `undecodable`, `invalid-configuration`, `incompatible-version`. */
export function parseNetworkConfiguration(document: unknown): NetworkConfiguration {
  if (!isJsonObject(document)) throw undecodable("the network configuration is not a JSON object");
  const name = memberOf(document, "name") ?? "";
  const cniVersion = memberOf(document, "cniVersion") ?? "";
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

/** Whether a text may be a container id or the name of a network. */
export function isIdentifier(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text);
}

function undecodable(message: string): WhereaboutsError {
  return new WhereaboutsError("undecodable", `Cannot decode the network configuration: ${message}`);
}

function invalid(message: string): WhereaboutsError {
  return new WhereaboutsError("invalid-configuration", message);
}
