/** The key `etcd_host`: one endpoint, several separated by commas, or a list. */
import { parseEndpoint } from "./etcd-endpoint.ts";
import type { Fields } from "./fields.ts";
import { isEmpty } from "./fields.ts";
import type { Field, Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/** No cluster has more members; the bound keeps messages short. */
const MOST = 32;

/**
 * The endpoints as `http://HOST:PORT` or `https://HOST:PORT`, in the order in which they are given; with a fault of
 * scope `store` for each that is none. `tlsKey` is a key that asks for TLS, if one is given: with it `https` is meant
 * where no scheme is written.
 */
export function readEndpoints(
  fields: Fields,
  tlsKey: string | undefined,
  report: Report,
): readonly string[] {
  const field = fields.get("etcd_host");
  if (field === undefined || isEmpty(field.value)) return [];
  const items = splitItems(field, report);
  if (items === undefined) return [];
  const given = items.filter(({ value }) => value !== "");
  if (given.length > MOST) {
    addFault(
      report,
      field,
      `names ${given.length} endpoints; at most ${MOST} are possible`,
      "store",
    );
    return [];
  }
  if (given.length === 0) addFault(report, field, "names no endpoint", "store");
  else if (given.length < items.length)
    addWarning(report, field, "has an empty item, which has no effect");
  const endpoints: string[] = [];
  for (const item of given) {
    const parsed = parseEndpoint(item.value);
    if (typeof parsed === "string") {
      addFault(report, item, parsed, "store");
      continue;
    }
    const scheme = parsed.scheme ?? (tlsKey === undefined ? "http" : "https");
    if (scheme === "http" && tlsKey !== undefined) {
      addFault(report, item, `is without TLS, but \`${tlsKey}\` is given: write https://`, "store");
    }
    const endpoint = `${scheme}://${parsed.host}:${parsed.port}`;
    if (endpoints.includes(endpoint))
      addWarning(report, item, `has no effect: ${endpoint} is named twice`);
    else endpoints.push(endpoint);
  }
  return endpoints;
}

interface Item extends Field {
  readonly value: string;
}

/** Undefined, with a fault, if there is more than texts, or what may be a password. */
function splitItems(field: Field, report: Report): readonly Item[] | undefined {
  const { path, key, value } = field;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const items: Item[] = [];
  for (let index = 0; index < list.length; index++) {
    const text = list[index];
    if (typeof text !== "string") {
      addFault(report, field, "is not a string or a list of strings", "store");
      return undefined;
    }
    // Looked for before anything is split, and shown without a value: a password may hold what separates.
    if (text.includes("@")) {
      const expected =
        "holds a user name or password: give these by `etcd_username` and `etcd_password`";
      addFault(report, { path, key, value: undefined }, expected, "store");
      return undefined;
    }
    const own = Array.isArray(value) ? `${path}[${index}]` : path;
    for (const part of text.split(",")) items.push({ path: own, key, value: part.trim() });
  }
  return items;
}
