import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/**
 * A process between the gateway and a real cluster: bulks it answers by itself, at once, as the cluster would answer
 * new documents; all else it passes on. What the gateway costs is measured beside it without two busy servers on the
 * same core. Run with the cluster's URL as argument; writes its own URL as the only line of its output.
 */
const cluster = new URL(process.argv[2] ?? "");
const agent = new Agent({ keepAlive: true });
const largeBytes = 10_000;
let seqNo = 1;

const server = createServer((incoming, outgoing) => {
  const isLarge = Number(incoming.headers["content-length"]) > largeBytes;
  if (isLarge && incoming.url?.split("?", 1)[0]?.endsWith("/_bulk"))
    answerBulk(incoming, outgoing).catch(() => outgoing.destroy());
  else passOn(incoming, outgoing);
}).listen(0, "127.0.0.1");
server.keepAliveTimeout = 60_000;
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("no port");
process.stdout.write(`http://127.0.0.1:${address.port}\n`);

async function answerBulk(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  const url = incoming.url ?? "";
  outgoing.setHeader("content-type", "application/json; charset=UTF-8");
  if (url.includes("filter_path=errors")) return void outgoing.end('{"errors":false}');
  const index = url.split("/", 2)[1] ?? "";
  const items: string[] = [];
  const body = Buffer.concat(pieces).toString("latin1");
  for (let at = 0; at < body.length; ) {
    const id = body.slice(body.indexOf('"_id":"', at) + 7, body.indexOf('"}', at));
    items.push(
      `{"index":{"_index":"${index}","_type":"_doc","_id":"${id}","_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":${seqNo++},"_primary_term":1,"status":201}}`,
    );
    at = body.indexOf("\n", body.indexOf("\n", at) + 1) + 1;
  }
  outgoing.end(`{"took":30,"errors":false,"items":[${items.join(",")}]}`);
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming;
  const onward = request({ agent, host: cluster.hostname, port: cluster.port, method, path: url, headers });
  onward.once("response", (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  onward.once("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
