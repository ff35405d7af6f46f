/** `CNI_ARGS`: https://www.cni.dev/docs/conventions/#cni_args. */
import { WhereaboutsError } from "../core/error.ts";

/** What whereabouts takes from `CNI_ARGS`; empty where it is not named. */
export interface PodArguments {
  readonly podNamespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly infraContainerId: string;
  /** `IP`: addresses, with or without prefix length. */
  readonly addresses: readonly string[];
  /** `GATEWAY`: gateways of addresses outside of all ranges. */
  readonly gateways: readonly string[];
}

const known = [
  "IgnoreUnknown",
  "K8S_POD_NAMESPACE",
  "K8S_POD_NAME",
  "K8S_POD_UID",
  "K8S_POD_INFRA_CONTAINER_ID",
  "IP",
  "GATEWAY",
];

/**
 * Reads `KEY=VALUE;...`. Throws `invalid-environment` for a pair without exactly one `=`, and for keys that nobody
 * knows where `IgnoreUnknown` is not set; with `lenient` (DEL must not fail for that) it passes both over.
 */
export function parseArguments(text: string, lenient: boolean): PodArguments {
  const pairs = new Map<string, string>();
  for (const pair of text === "" ? [] : text.split(";")) {
    const [key, value, ...more] = pair.split("=");
    if (key !== undefined && value !== undefined && more.length === 0) pairs.set(key, value);
    else if (!lenient) throw invalid(`invalid CNI_ARGS: "${pair}" is not KEY=VALUE`);
  }
  const ignoresUnknown =
    lenient || ["1", "true"].includes((pairs.get("IgnoreUnknown") ?? "").toLowerCase());
  const unknown = [...pairs.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0 && !ignoresUnknown) {
    throw invalid(
      `invalid CNI_ARGS: unknown ${unknown.join(", ")}; IgnoreUnknown=1 passes them over`,
    );
  }
  return {
    podNamespace: pairs.get("K8S_POD_NAMESPACE") ?? "",
    podName: pairs.get("K8S_POD_NAME") ?? "",
    podUid: pairs.get("K8S_POD_UID") ?? "",
    infraContainerId: pairs.get("K8S_POD_INFRA_CONTAINER_ID") ?? "",
    addresses: splitList(pairs.get("IP")),
    gateways: splitList(pairs.get("GATEWAY")),
  };
}

function splitList(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function invalid(message: string): WhereaboutsError {
  return new WhereaboutsError("invalid-environment", message);
}
