import { describe, expect, test } from "bun:test";
import { findings, parse } from "./test-world.ts";

describe("readPrefix()", () => {
  test.each([
    ["/a", "/a/"],
    ["/a/b.c/", "/a/b.c/"],
    ["/whereabouts.cni.cncf.io/v1", "/whereabouts.cni.cncf.io/v1/"],
    ["/whereabouts.cni.cncf.io/v2/", "/whereabouts.cni.cncf.io/v2/"],
    ["/whereabouts2", "/whereabouts2/"],
    [null, "/whereabouts.cni.cncf.io/v1/"],
  ])("reads %j as %s", (text, prefix) => {
    const parsed = parse({ etcd_host: "e", etcd_prefix: text });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.store).toMatchObject({ prefix });
  });

  const lock =
    "is where the Go implementation keeps its lock, which would wait for our keys for ever: choose another";
  const range =
    "begins like a range, as the keys of the oldest Go implementation do: choose another";
  test.each<[object, string[]]>([
    [
      { etcd_host: "e", etcd_prefix: "" },
      ['ipam.etcd_prefix: "" is no prefix: name a part, such as /whereabouts.cni.cncf.io/v1/'],
    ],
    [
      { etcd_host: "e", etcd_prefix: "/" },
      ['ipam.etcd_prefix: "/" is no prefix: name a part, such as /whereabouts.cni.cncf.io/v1/'],
    ],
    [{ etcd_host: "e", etcd_prefix: "a/" }, ['ipam.etcd_prefix: "a/" does not begin with "/"']],
    [
      { etcd_host: "e", etcd_prefix: "//" },
      ['ipam.etcd_prefix: "//" has an empty part between two "/"'],
    ],
    [
      { etcd_host: "e", etcd_prefix: "/a//b" },
      ['ipam.etcd_prefix: "/a//b" has an empty part between two "/"'],
    ],
    [
      { etcd_host: "e", etcd_prefix: "/a b" },
      ['ipam.etcd_prefix: "/a b" has a character that is not printable ASCII, or a space'],
    ],
    [
      { etcd_host: "e", etcd_prefix: `/${"a".repeat(254)}` },
      [`ipam.etcd_prefix: "/${"a".repeat(77)}… is longer than 255 characters`],
    ],
    [{ etcd_host: "e", etcd_prefix: "/whereabouts" }, [`ipam.etcd_prefix: "/whereabouts" ${lock}`]],
    [
      { etcd_host: "e", etcd_prefix: "/whereabouts/a/" },
      [`ipam.etcd_prefix: "/whereabouts/a/" ${lock}`],
    ],
    [
      { etcd_host: "e", etcd_prefix: "/10.0.0.0/24" },
      [`ipam.etcd_prefix: "/10.0.0.0/24" ${range}`],
    ],
    [{ etcd_host: "e", etcd_prefix: "/fd00::/a" }, [`ipam.etcd_prefix: "/fd00::/a" ${range}`]],
    [
      { etcd_host: "e", etcd_prefix: "/whereabouts.cni.cncf.io/v1/b" },
      [
        'ipam.etcd_prefix: "/whereabouts.cni.cncf.io/v1/b" lies among the keys of the default prefix /whereabouts.cni.cncf.io/v1/: choose another',
      ],
    ],
  ])("refuses %j", (ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual(expected.map((text) => `store ${text}`));
    expect(parsed.configuration.store).toBeUndefined();
  });
});
