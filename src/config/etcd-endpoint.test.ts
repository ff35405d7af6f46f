import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatAddress } from "../core/address.ts";
import { parseEndpoint } from "./etcd-endpoint.ts";

function url(text: string): string {
  const parsed = parseEndpoint(text);
  if (typeof parsed === "string") return parsed;
  return `${parsed.scheme ?? "-"}://${parsed.host}:${parsed.port}`;
}

describe("parseEndpoint()", () => {
  test.each([
    ["127.0.0.1:2379", "-://127.0.0.1:2379"],
    ["127.0.0.1", "-://127.0.0.1:2379"],
    ["etcd", "-://etcd:2379"],
    ["Etcd-0.Example.COM:4001", "-://etcd-0.example.com:4001"],
    ["etcd_1.net.:1", "-://etcd_1.net.:1"],
    ["1a.2b", "-://1a.2b:2379"],
    ["xn--bcher-kva.example", "-://xn--bcher-kva.example:2379"],
    ["http:2379", "-://http:2379"],
    ["http://a", "http://a:2379"],
    ["HTTPS://a:65535", "https://a:65535"],
    ["https://a:443/", "https://a:443"],
    ["a:1/", "-://a:1"],
    ["[::1]:2379", "-://[::1]:2379"],
    ["https://[FD00:0::1]", "https://[fd00::1]:2379"],
    ["fd00::1", "-://[fd00::1]:2379"],
    ["http://::1", "http://[::1]:2379"],
    ["fd00::", "-://[fd00::]:2379"],
    ["1:2:3:4:5:6:7:8", "-://[1:2:3:4:5:6:7:8]:2379"],
    ["fd00::1:beef", "-://[fd00::1:beef]:2379"],
    ["[::ffff:10.0.0.1]:1", "-://10.0.0.1:1"],
  ])("reads %s as %s", (text, expected) => {
    expect(url(text)).toBe(expected);
  });

  const none = "is not HOST or HOST:PORT, such as 127.0.0.1:2379 or [fd00::1]:2379";
  const port = "has a port that is not a number from 1 to 65535";
  test.each([
    ["", none],
    [":2379", none],
    ["http://", none],
    ["http:///", none],
    ["a b", none],
    ["-a", none],
    ["a-.b", none],
    ["a..b", none],
    [".a", none],
    ["bücher.example", none],
    ["xn--a", none],
    [`${"a".repeat(64)}.b`, none],
    [`${"a.".repeat(127)}b`, none],
    ["x".repeat(1 << 20), none],
    ["10.1", none],
    ["1", none],
    ["0x7f", none],
    ["a.0x1", none],
    ["010.0.0.1", none],
    ["10.0.0.256", none],
    ["10.0.0.1.", none],
    ["[10.0.0.1]", none],
    ["[fd00::1", none],
    ["[fd00::1]2379", none],
    ["[fd00::1]x:2379", none],
    ["[fe80::1%eth0]:2379", none],
    ["[]", none],
    ["a:b:c", none],
    ["a\nb", none],
    ["a:", port],
    ["a:0", port],
    ["a:02379", port],
    ["a:65536", port],
    ["a:+1", port],
    ["a:1.5", port],
    ["[::1]:", port],
    [
      "fd00::1:2379",
      "is an IPv6 address without brackets: write [fd00::1]:2379 or [fd00::1:2379]:2379",
    ],
    ["fd00::1:12379", "is an IPv6 address without brackets: write [fd00::1]:12379"],
    ["1:2:3:4:5:6:7:8:2379", "is an IPv6 address without brackets: write [1:2:3:4:5:6:7:8]:2379"],
    ["etcd://a", "does not begin with http:// or https://"],
    ["unix:///run/etcd", "does not begin with http:// or https://"],
    ["://a", "does not begin with http:// or https://"],
    ["http://a/v3", "has a path: give host and port alone"],
    ["a:2379//", "has a path: give host and port alone"],
    ["a/b", "has a path: give host and port alone"],
    ["http:/a", "has a path: give host and port alone"],
    ["http://a?b", "has a query or a fragment: give host and port alone"],
    ["a:1/#", "has a query or a fragment: give host and port alone"],
  ])("says of %p that it %s", (text, expected) => {
    expect(url(text)).toBe(expected);
  });

  test("accepts what is a URL of that very host and port, and else says what is wrong", () => {
    const address = fc
      .tuple(fc.constantFrom(0n, 0xffffn << 32n, 0xfd00n << 112n), fc.bigInt(0n, (1n << 64n) - 1n))
      .map(([high, low]) => formatAddress({ family: 6, value: high | low }));
    const part = fc.oneof(
      fc.constantFrom("http://", "HTTPS://", "[", "]", ":", "::", ".", "/", "-", "xn--", "0x", "%"),
      fc.constantFrom("2379", "1", "0", "65536", "etcd", "10.0.0.1", "fd00::1", "[::1]", "127"),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      address,
      fc.nat(70_000).map(String),
      fc.string({ maxLength: 3 }),
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")),
      fc
        .tuple(
          fc.oneof(
            fc.domain(),
            fc.ipV4(),
            address.map((one) => `[${one}]`),
          ),
          fc.nat(65_535),
        )
        .map(([host, number]) => `${host}:${number}`),
    );
    let accepted = 0;
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseEndpoint(given);
        if (typeof parsed === "string") {
          expect(parsed).not.toBe("");
          return;
        }
        accepted++;
        const { host, port: number } = parsed;
        // A port that no scheme has by default, so that the URL keeps it.
        const { hostname, port: ownPort, pathname } = new URL(`ws://${host}:${number}`);
        expect(hostname).toBe(host);
        expect(ownPort).toBe(number === 80 ? "" : String(number));
        expect(pathname).toBe("/");
        expect(new URL(`http://${host}`).hostname).toBe(host);
        expect(parseEndpoint(`${host}:${number}`)).toEqual({ ...parsed, scheme: undefined });
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});
