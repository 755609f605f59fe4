import { once } from "node:events";
import { Agent, createServer, request } from "node:http";

/**
 * A bare two-way mirror: every request goes to both clusters as it is, PRIMARY's answer to the client, BACKUP's
 * nowhere. It promises nothing, and so it is the least that a gateway can cost on a machine. Run with both URLs as
 * arguments; writes its own URL as the only line of its output.
 */
const [primary = "", backup = ""] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  for (const cluster of [primary, backup]) {
    const { hostname, port } = new URL(cluster);
    const onward = request({ agent, hostname, port, method, path: url, headers });
    onward.once("response", (response) => {
      if (cluster !== primary) return void response.resume();
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.once("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }
}).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the mirror has no port");
process.stdout.write(`http://127.0.0.1:${address.port}\n`);
