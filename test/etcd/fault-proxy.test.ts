/** That the proxy of the tests breaks what it says, before a server that counts. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Fault } from "./fault.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import { startFaultProxy, stopProxies } from "./fault-proxy.ts";

let server: Bun.Server<undefined>;
let proxy: FaultProxy;
/** The bodies of the requests that came to the server. */
let arrived: string[];

beforeEach(async () => {
  arrived = [];
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      arrived.push(await request.text());
      return new Response("answer");
    },
  });
  const { port } = server;
  if (port === undefined) throw new Error("The server has no port");
  proxy = await startFaultProxy({ targetPort: port });
});

afterEach(async () => {
  stopProxies();
  await server.stop(true);
});

/** What a POST ends with: its status and body, or `timeout`, or `error`. */
async function post(body: string, path = "/", timeoutMs = 5000): Promise<string> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const url = `http://${proxy.hostPort}${path}`;
    const answer = await fetch(url, { method: "POST", body, signal });
    return `${answer.status} ${await answer.text()}`;
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "error";
  }
}

const onTxn: Fault = {
  kind: "lose-replies",
  count: 1,
  matching: ({ line }) => line.endsWith("/txn"),
};

const faults: readonly [fault: Fault, outcome: string, reaches: boolean][] = [
  [{ kind: "pass" }, "200 answer", true],
  [{ kind: "refuse" }, "error", false],
  [{ kind: "cut" }, "error", false],
  [{ kind: "hang" }, "timeout", false],
  [{ kind: "hold-requests" }, "timeout", false],
  [{ kind: "hold-replies" }, "timeout", true],
  [{ kind: "delay", delayMs: 20 }, "200 answer", true],
  [{ kind: "close", matching: () => true }, "error", false],
  [{ kind: "lose-replies" }, "error", true],
  [{ kind: "garbage" }, "error", false],
  [{ kind: "http-error", status: 503, body: "ärger" }, "503 ärger", false],
];

test.each(faults)("become(%j) makes of a request: %s", async (fault, outcome, reaches) => {
  proxy.become(fault);
  expect(await post("body", "/", outcome === "timeout" ? 150 : 5000)).toBe(outcome);
  expect(arrived).toEqual(reaches ? ["body"] : []);
  // A connection that a fault left is not used again, and everything passes as before.
  proxy.closeConnections();
  proxy.become({ kind: "pass" });
  expect(await post("after")).toBe("200 answer");
  expect(arrived.at(-1)).toBe("after");
});

test("become() delays in both directions", async () => {
  proxy.become({ kind: "delay", delayMs: 60 });
  const startedMs = performance.now();
  expect(await post("late")).toBe("200 answer");
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(120);
});

test("become() delivers what was held, though its sender gave up", async () => {
  proxy.become({ kind: "hold-requests" });
  expect(await post("held", "/", 150)).toBe("timeout");
  expect(arrived).toEqual([]);
  proxy.become({ kind: "pass" });
  while (arrived.length === 0) await Bun.sleep(5);
  expect(arrived).toEqual(["held"]);
});

test("become() loses as many replies as it says, of the requests that match", async () => {
  proxy.become(onTxn);
  const outcomes = [await post("1", "/range"), await post("2", "/txn"), await post("3", "/txn")];
  expect(outcomes).toEqual(["200 answer", "error", "200 answer"]);
  expect(arrived).toEqual(["1", "2", "3"]);
});

test("become() cuts the connections that there are with `cut`, and leaves them with `refuse`", async () => {
  await post("first");
  proxy.become({ kind: "refuse" });
  expect(await post("on the same connection")).toBe("200 answer");
  proxy.become({ kind: "cut" });
  expect(await post("on none")).toBe("error");
});

test("FaultProxy counts requests and connections", async () => {
  await post("a".repeat(200_000), "/v3/kv/txn");
  await post("", "/v3/kv/range");
  expect(proxy.requests).toEqual(["POST /v3/kv/txn", "POST /v3/kv/range"]);
  expect(proxy.connectionCount).toBe(1);
});

test("FaultProxy passes what is not HTTP", async () => {
  const echo = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket, bytes) => void socket.write(bytes) },
  });
  const through = await startFaultProxy({ targetPort: echo.port });
  const { promise, resolve } = Promise.withResolvers<string>();
  const client = await Bun.connect({
    hostname: "127.0.0.1",
    port: through.port,
    socket: { data: (_, bytes) => resolve(bytes.toString()) },
  });
  client.write("\x16\x03hello");
  expect(await promise).toBe("\x16\x03hello");
  expect(through.requests).toEqual([]);
  client.end();
  echo.stop(true);
});
