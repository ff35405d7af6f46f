/** Ports on loopback for servers that cannot choose one themselves. */

// Below the range from which Linux takes the ports of outgoing connections (32768), so that a server that is
// started again finds its port as free as it left it.
const FIRST = 20_000;
const COUNT = 12_000;

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, and that this process was not given before. */
export function freePort(): number {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`No free port from ${FIRST} to ${FIRST + COUNT - 1}`);
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
