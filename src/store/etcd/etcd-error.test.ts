import { describe, expect, test } from "bun:test";
import type { Failure } from "./failure.ts";
import { answerFailure, connectionFailure, unavailable } from "./etcd-error.ts";

type Kind = readonly [Failure["remedy"], Failure["outcome"]];

function kindOf({ remedy, outcome }: Failure): Kind {
  return [remedy, outcome];
}

describe("connectionFailure() of", () => {
  const never: Kind = ["another", "void"];
  const perhaps: Kind = ["another", "unknown"];
  test.each<[string, Kind]>([
    ["ECONNREFUSED", never],
    ["ENOTFOUND", never],
    ["EHOSTUNREACH", never],
    ["CERT_HAS_EXPIRED", never],
    ["CERT_NOT_YET_VALID", never],
    ["ERR_TLS_CERT_ALTNAME_INVALID", never],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", never],
    ["SELF_SIGNED_CERT_IN_CHAIN", never],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", never],
    ["ECONNRESET", perhaps],
    ["EPIPE", perhaps],
    ["EPROTO", perhaps],
    ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", perhaps],
    ["Malformed_HTTP_Response", perhaps],
    ["", perhaps],
  ])("%s", (code, kind) => {
    const error = Object.assign(new TypeError("failed"), { code });
    expect(kindOf(connectionFailure(error, 10, () => undefined))).toEqual(kind);
  });

  test("a time-out is unknown", () => {
    const failure = connectionFailure(new DOMException("", "TimeoutError"), 10, () => undefined);
    expect(kindOf(failure)).toEqual(perhaps);
    expect(failure.reason).toBe("did not answer within 10 ms");
  });
});

describe("answerFailure() of", () => {
  test.each<[number, string, Kind]>([
    [401, "etcdserver: invalid auth token", ["authenticate", "void"]],
    [400, "etcdserver: user name is empty", ["authenticate", "void"]],
    [400, "etcdserver: revision of auth store is old", ["authenticate", "void"]],
    [400, "etcdserver: authentication failed, invalid user ID or password", ["none", "void"]],
    [403, "etcdserver: permission denied", ["none", "void"]],
    [429, "etcdserver: mvcc: database space exceeded", ["none", "over"]],
    [400, "etcdserver: request is too large", ["none", "void"]],
    [429, "grpc: received message larger than max (3 vs. 2)", ["none", "over"]],
    [400, "etcdserver: too many operations in txn request", ["none", "void"]],
    [400, "etcdserver: mvcc: required revision has been compacted", ["none", "void"]],
    [503, "etcdserver: no leader", ["another", "void"]],
    [429, "etcdserver: too many requests", ["another", "void"]],
    [503, "etcdserver: rpc not supported for learner", ["another", "void"]],
    // What was proposed may be carried out, though its member stopped or lost its leader.
    [503, "etcdserver: server stopped", ["another", "unknown"]],
    [503, "etcdserver: leader changed", ["another", "unknown"]],
    [503, "etcdserver: request timed out", ["another", "unknown"]],
    [500, "context deadline exceeded", ["another", "unknown"]],
    [500, "something new", ["another", "unknown"]],
  ])("%d %s", (status, message, kind) => {
    for (const body of [{ message, code: 2 }, { error: message }]) {
      const failure = answerFailure(status, JSON.stringify(body), false);
      expect(kindOf(failure)).toEqual(kind);
      expect(failure.reason).toBe(`says: ${message}`);
      expect(failure.advice).not.toBe("");
    }
  });

  test.each<[number, string, Kind]>([
    [404, "404 page not found\n", ["another", "void"]],
    [404, '{"code":5,"message":"Not Found"}', ["another", "void"]],
    [400, "CommonName of client sending a request against gateway", ["none", "void"]],
    [400, '{"code":3,"message":"unheard of"}', ["none", "void"]],
    [502, "<html>no leader</html>", ["another", "unknown"]],
    [504, "", ["another", "unknown"]],
    [500, "[]", ["another", "unknown"]],
    [500, '{"message":""}', ["another", "unknown"]],
  ])("%d %s", (status, text, kind) => {
    expect(kindOf(answerFailure(status, text, false))).toEqual(kind);
  });

  test("what held a secret repeats nothing that is not known", () => {
    const texts = ["secret", "authentication failed for secret", "no leader secret"];
    const reasons = texts.map((message) => answerFailure(400, JSON.stringify({ message }), true));
    expect(reasons.map(({ reason }) => reason)).toEqual([
      "answered with HTTP status 400",
      "says: authentication failed",
      "says: no leader",
    ]);
  });
});

test("unavailable() names each endpoint, and each advice once", () => {
  const failure = answerFailure(503, '{"message":"etcdserver: no leader"}', false);
  const { message, details } = unavailable(
    new Map([
      ["http://a:1", failure],
      ["http://b:1", failure],
    ]),
  );
  expect(message).toBe(
    "Cannot use etcd: http://a:1 says: etcdserver: no leader; http://b:1 says: etcdserver: no leader",
  );
  expect(details).toBe(failure.advice);
});
