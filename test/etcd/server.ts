/** A real etcd server of one member. */
import type { EtcdOptions } from "./member-options.ts";
import { EtcdMember } from "./member.ts";
import { freePort } from "./port.ts";

/**
 * Starts a server on loopback with data of its own, and waits until it is healthy: some 0.2 s.
 * Remove it with `remove()`, `await using` or `removeServers()`; it dies with this process at the latest.
 */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdMember> {
  const port = freePort();
  const server = new EtcdMember(options, {
    name: "single",
    peerPort: port,
    advertisedPeerPort: port,
    initialCluster: `single=http://127.0.0.1:${port}`,
    heartbeatMs: 10,
  });
  try {
    server.launch();
    await server.untilHealthy();
    return server;
  } catch (error) {
    await server.remove();
    throw error;
  }
}
