/** What CHECK and GC are told of attachments. */
import type { NetworkConfiguration } from "../config/network-configuration.ts";
import { formatValue } from "../config/value-text.ts";
import type { Address } from "../core/address.ts";
import { tryParseAddress } from "../core/address.ts";
import { WhereaboutsError } from "../core/error.ts";
import { isJsonObject, memberOf } from "../core/json.ts";
import type { Attachment } from "../ipam/collect.ts";

/** The addresses of `prevResult.ips`. Throws `invalid-configuration` if it is missing, `undecodable` if malformed. */
export function parsePreviousAddresses({ main }: NetworkConfiguration): readonly Address[] {
  const prevResult = memberOf(main, "prevResult");
  if (prevResult === undefined || prevResult === null) {
    throw new WhereaboutsError(
      "invalid-configuration",
      "prevResult is missing: CHECK compares with the result of ADD",
    );
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
