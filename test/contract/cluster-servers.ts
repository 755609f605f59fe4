import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import type { TestContext } from "node:test";
import { createCluster } from "../../functions/core/cluster/opensearch-cluster.ts";
import { type Cluster, ClusterError } from "../../functions/core/cluster/port.ts";
import type { ClusterSettings } from "../../functions/core/cluster/settings.ts";

/** A fake node that speaks HTTP, until the test ends. */
export async function httpNode(
  t: TestContext,
  listener: RequestListener,
  port = 0,
): Promise<{ url: URL; server: Server }> {
  const server = createServer(listener);
  const url = await listening(server, port);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url, server };
}

/** A fake node that does with its sockets what it likes, until the test ends. */
export async function tcpNode(t: TestContext, onSocket: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server, 0);
}

/** An address on which nobody listens. */
export async function nobody(): Promise<URL> {
  const server = createTcpServer();
  const url = await listening(server, 0);
  await new Promise((done) => server.close(done));
  return url;
}

/** A cluster with room for everything, closed when the test ends. */
export function clusterOf(
  t: TestContext,
  endpoints: URL[],
  settings: Partial<ClusterSettings> = {},
): Cluster {
  const cluster = createCluster({
    name: "primary",
    endpoints,
    maxQpsPerNode: Number.POSITIVE_INFINITY,
    maxBytesPerNode: Number.POSITIVE_INFINITY,
    maxConnectionPerNode: 50,
    discovery: "off",
    requestTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    limitWaitMs: 1000,
    ...settings,
  });
  t.after(() => cluster.close());
  return cluster;
}

/** For `assert.rejects`: a ClusterError with this code. */
export function coded(code: ClusterError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof ClusterError && error.code === code;
}

async function listening(server: NetServer, port: number): Promise<URL> {
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", done);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return new URL(`http://127.0.0.1:${address.port}/`);
}
