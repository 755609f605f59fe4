import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";

/** What `curl` would send. The path goes out as it is, without any normalising. */
export interface Call {
  /** @default GET */
  readonly method?: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go as they are; anything else as JSON; an array as bulk lines. */
  readonly body?: unknown;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** Throws when the body is not JSON. */
  json(): unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request on the wire: nothing is decoded, added or followed. Rejects when there is no whole answer. */
export function send(endpoint: string, call: Call): Promise<Reply> {
  const { host, port, bytes, headers } = prepared(endpoint, call);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(call.timeoutMs ?? 60_000);
    const outgoing = httpRequest(
      { host, port, agent, method: call.method ?? "GET", path: call.path, headers, signal },
      (incoming) => {
        buffer(incoming).then((body) => {
          const text = body.toString("utf8");
          const { statusCode: status = 0, headers } = incoming;
          resolve({ status, headers, body, text, json: () => JSON.parse(text) });
        }, reject);
      },
    );
    outgoing.once("error", reject);
    outgoing.end(bytes);
  });
}

/** As `send`; an answer of 300 and above is an error with its own words, so that a set-up cannot fail in silence. */
export async function must(endpoint: string, call: Call): Promise<Reply> {
  const reply = await send(endpoint, call);
  if (reply.status < 300) return reply;
  throw new Error(
    `${call.method ?? "GET"} ${call.path} answered ${reply.status}: ${reply.text.slice(0, 500)}`,
  );
}

/** Bulk lines, each as JSON unless it is text already. */
export function bulk(...lines: readonly unknown[]): string {
  return lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
}

function prepared(endpoint: string, call: Call) {
  const { hostname: host, port } = new URL(endpoint);
  const { body } = call;
  const bytes =
    body === undefined || typeof body === "string" || Buffer.isBuffer(body)
      ? body
      : Array.isArray(body)
        ? bulk(...body)
        : JSON.stringify(body);
  const type = typeof body === "object" && !Buffer.isBuffer(body) && !Array.isArray(body);
  const chunked = call.headers?.["transfer-encoding"] !== undefined;
  const headers = {
    ...(bytes !== undefined && { "content-type": type ? "application/json" : "application/x-ndjson" }),
    ...(bytes !== undefined && !chunked && { "content-length": String(Buffer.byteLength(bytes)) }),
    ...call.headers,
  };
  return { host, port, bytes, headers };
}
