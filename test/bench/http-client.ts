import { Agent, request } from "node:http";

export interface ClientAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** One request on a kept connection. Rejects for a status of 400 and above, with what the server said. */
export function send(
  endpoint: string,
  method: string,
  path: string,
  body?: Buffer | string,
): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const type = path.includes("_bulk") ? "application/x-ndjson" : "application/json";
    const headers =
      body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) };
    const outgoing = request(`${endpoint}${path}`, { agent, method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.once("error", reject);
      response.once("end", () => {
        const answer = { status: response.statusCode ?? 0, body: Buffer.concat(pieces) };
        if (answer.status < 400) return resolve(answer);
        reject(new Error(`${method} ${path}: ${answer.status} ${answer.body.toString("utf8", 0, 500)}`));
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** A bulk of which every operation must succeed. */
export async function sendBulk(endpoint: string, index: string, body: Buffer): Promise<void> {
  const { body: answer } = await send(endpoint, "POST", `/${index}/_bulk`, body);
  if (!answer.subarray(0, 60).includes('"errors":false')) {
    const at = Math.max(0, answer.indexOf('"error":'));
    throw new Error(`an operation failed: ${answer.toString("utf8", at, at + 500)}`);
  }
}

/** Hands the bulks out to so many connections, each sending one after the other. */
export async function inParallel<T>(
  items: readonly T[],
  connections: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
    }),
  );
}
