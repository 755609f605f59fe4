import { createServer, type Server } from "node:net";

const handedOut = new Set<number>();

/**
 * Ports of 127.0.0.1 that were free a moment ago, all different, and never the same twice from this process.
 * Another process may still take one before it is used: the caller retries.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  const listeners: Server[] = [];
  try {
    while (ports.length < count) {
      const listener = createServer();
      listeners.push(listener);
      const port = await listenAnywhere(listener);
      if (!handedOut.has(port)) ports.push(port);
    }
  } finally {
    await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  }
  for (const port of ports) handedOut.add(port);
  return ports;
}

function listenAnywhere(listener: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = listener.address();
      if (address === null || typeof address === "string") reject(new Error("A TCP listener has no port"));
      else resolve(address.port);
    });
  });
}
