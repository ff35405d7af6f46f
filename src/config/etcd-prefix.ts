/** The key `etcd_prefix`: below which every key of ours lies in etcd. */
import { tryParseAddress } from "../core/address.ts";
import type { Fields } from "./fields.ts";
import { readText } from "./fields.ts";
import type { Report } from "./report.ts";
import { addFault } from "./report.ts";

/** Where keys lie unless `etcd_prefix` says otherwise. */
export const DEFAULT_ETCD_PREFIX = "/whereabouts.cni.cncf.io/v1/";

/** Keys hold it; etcd itself has no bound. */
const LONGEST = 255;

/** The prefix, with a `/` at both ends; with a fault of scope `store`, the default. */
export function readPrefix(fields: Fields, report: Report): string {
  const field = fields.get("etcd_prefix");
  const text = readText(fields, "etcd_prefix", report, "store");
  if (field === undefined || typeof field.value !== "string") return DEFAULT_ETCD_PREFIX;
  const prefix = `${text ?? ""}/`.replace(/\/\/$/, "/");
  const wrong = faultOf(prefix);
  if (wrong === undefined) return prefix;
  addFault(report, field, wrong, "store");
  return DEFAULT_ETCD_PREFIX;
}

/** What is wrong with a prefix that ends with a `/`, as the end of a sentence about it. */
function faultOf(prefix: string): string | undefined {
  if (prefix === "/") return `is no prefix: name a part, such as ${DEFAULT_ETCD_PREFIX}`;
  if (!prefix.startsWith("/")) return 'does not begin with "/"';
  if (prefix.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (!/^[!-~]+$/.test(prefix)) return "has a character that is not printable ASCII, or a space";
  if (prefix.includes("//")) return 'has an empty part between two "/"';
  if (prefix.startsWith("/whereabouts/"))
    return "is where the Go implementation keeps its lock, which would wait for our keys for ever: choose another";
  if (tryParseAddress(prefix.split("/", 2)[1] ?? "") !== undefined)
    return "begins like a range, as the keys of the oldest Go implementation do: choose another";
  if (prefix.startsWith(DEFAULT_ETCD_PREFIX) && prefix !== DEFAULT_ETCD_PREFIX)
    return `lies among the keys of the default prefix ${DEFAULT_ETCD_PREFIX}: choose another`;
  return undefined;
}
