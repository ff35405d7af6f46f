/** Calls of the plugin by what its users write: an `ipam` object, a pod, a container. */
import { isJsonObject } from "../../src/core/json.ts";
import type { FakeNode, PluginCall } from "../plugin-call.ts";
import { callPlugin } from "../plugin-call.ts";

/** What a call printed, parsed. */
export interface Result {
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[];
  readonly code?: number;
  readonly msg?: string;
}

/** A call with an `ipam` object in the network `net`. */
export async function call(
  node: FakeNode,
  command: string,
  ipam: object,
  more: Partial<PluginCall> = {},
): Promise<Result> {
  const stdin = {
    cniVersion: "1.0.0",
    name: "net",
    type: "macvlan",
    ipam: { type: "whereabouts", ...ipam },
  };
  const { stdout } = await callPlugin(node, { command, stdin, ...more });
  const answer: unknown = stdout === "" ? {} : JSON.parse(stdout);
  if (!isResult(answer)) throw new Error(`Not the answer of a plugin: ${stdout}`);
  return answer;
}

/** The addresses of a result, or its error, so that a comparison shows it. */
export function addressesOf({ ips, msg }: Result): readonly string[] {
  return ips?.map(({ address }) => address) ?? [`${msg}`];
}

/** A pod's ADD; its sandbox is the container. */
export function pod(uid: string, containerId: string): Partial<PluginCall> {
  return {
    containerId,
    args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_UID=${uid}`,
  };
}

function isResult(answer: unknown): answer is Result {
  if (!isJsonObject(answer)) return false;
  const { ips = [], code = 0, msg = "" } = answer;
  return Array.isArray(ips) && typeof code === "number" && typeof msg === "string";
}
