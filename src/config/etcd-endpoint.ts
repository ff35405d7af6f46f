/** One address of an etcd server: `HOST` or `HOST:PORT`, with or without `http://` or `https://`. */
import { formatAddress, tryParseAddress } from "../core/address.ts";

/** An endpoint in its parts. */
export interface EtcdEndpoint {
  /** Undefined where none is written. */
  readonly scheme: "http" | "https" | undefined;
  /** As URLs have it: in lower case, IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where etcd listens for clients: https://etcd.io/docs/v3.6/op-guide/configuration/. */
const DEFAULT_PORT = 2379;

/** The longest DNS name (RFC 1035, 2.3.4), with room for scheme and port. */
const LONGEST = 253 + 16;

const notAnEndpoint = "is not HOST or HOST:PORT, such as 127.0.0.1:2379 or [fd00::1]:2379";

/** Reads an endpoint. A string says what is wrong, as the end of a sentence about the text. */
export function parseEndpoint(text: string): EtcdEndpoint | string {
  if (text.length > LONGEST) return notAnEndpoint;
  // No pattern where a search does: the first use of each pattern costs a plugin call 0.05 to 0.1 ms.
  const schemeEnd = text.indexOf("://");
  const scheme = schemeEnd === -1 ? undefined : text.slice(0, schemeEnd).toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https")
    return "does not begin with http:// or https://";
  const rest = schemeEnd === -1 ? text : text.slice(schemeEnd + 3);
  if (rest.includes("?") || rest.includes("#"))
    return "has a query or a fragment: give host and port alone";
  // A "/" alone at the end is no path.
  const authority = rest.endsWith("/") ? rest.slice(0, -1) : rest;
  if (authority.includes("/")) return "has a path: give host and port alone";
  const parts = splitPort(authority);
  if (typeof parts === "string") return parts;
  const [host, portText] = parts;
  if (portText === undefined) return { scheme, host, port: DEFAULT_PORT };
  const port = /^[1-9][0-9]{0,4}$/.test(portText) ? Number(portText) : 0;
  if (port >= 1 && port <= 65_535) return { scheme, host, port };
  return "has a port that is not a number from 1 to 65535";
}

/** The host as URLs have it, and the text of the port if one is given; else what is wrong. */
function splitPort(authority: string): readonly [string, string | undefined] | string {
  let host: string | undefined;
  let portText: string | undefined;
  if (authority.startsWith("[")) {
    const [, inner = "", after] = /^\[([^\]]*)\](?::(.*))?$/s.exec(authority) ?? [];
    host = inner.includes(":") ? addressHost(inner) : undefined;
    portText = after;
  } else {
    const colon = authority.lastIndexOf(":");
    const before = colon === -1 ? authority : authority.slice(0, colon);
    if (before.includes(":")) return bareIpv6(authority, before, authority.slice(colon + 1));
    host = namedHost(before);
    if (colon !== -1) portText = authority.slice(colon + 1);
  }
  return host === undefined ? notAnEndpoint : [host, portText];
}

/** An IPv6 address without brackets, whose last part may have been meant as a port. */
function bareIpv6(
  text: string,
  before: string,
  last: string,
): readonly [string, undefined] | string {
  const whole = addressHost(text);
  if (/^[1-9][0-9]{0,4}$/.test(last) && addressHost(before) !== undefined) {
    const other = whole === undefined ? "" : ` or [${text}]:${DEFAULT_PORT}`;
    return `is an IPv6 address without brackets: write [${before}]:${last}${other}`;
  }
  return whole === undefined ? notAnEndpoint : [whole, undefined];
}

function addressHost(text: string): string | undefined {
  const address = tryParseAddress(text);
  if (address === undefined) return undefined;
  const host = formatAddress(address);
  return address.family === 6 ? `[${host}]` : host;
}

/** A DNS name or an IPv4 address. Undefined for what URLs would read as another host, such as 10.1 or 0x7f. */
function namedHost(text: string): string | undefined {
  const host = text.toLowerCase();
  if (tryParseAddress(host) !== undefined) return host;
  if (/(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$/.test(host) || host.length > 253) return undefined;
  if (!/^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.|$))+$/.test(host)) return undefined;
  // Of names in other scripts (RFC 5891) only URLs know which are well-formed; they are rare.
  return host.includes("xn--") && !URL.canParse(`http://${host}`) ? undefined : host;
}
