import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** What came of one invocation. A streamed answer's body is still in Lambda's frame: prelude, 8 NUL bytes, body. */
export interface InvocationEnd {
  readonly kind: "response" | "error";
  readonly streamed: boolean;
  readonly contentType: string | undefined;
  readonly body: Buffer;
  /** In how many pieces it arrived. */
  readonly pieces: number;
}

/** Lambda's Runtime API for one function process, on loopback. */
export interface RuntimeApi {
  /** `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Resolves when the process asks for its first invocation; rejects with its error when it cannot start. */
  readonly initialised: Promise<void>;
  /** Hands out one event. Its context says that `timeoutMs` are left. */
  invoke(event: unknown, timeoutMs: number): Promise<InvocationEnd>;
  close(): void;
}

interface Pending {
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly done: (end: InvocationEnd) => void;
}

/** The routes of the 2018-06-01 API that the runtime client for Node uses. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const waiting: ServerResponse[] = [];
  const queue: (readonly [string, Pending])[] = [];
  const running = new Map<string, Pending>();
  let ready: () => void = () => {};
  let broken: (error: Error) => void = () => {};
  const initialised = new Promise<void>((resolve, reject) => {
    [ready, broken] = [resolve, reject];
  });

  function handOut(): void {
    while (waiting.length > 0 && queue.length > 0) {
      const [response, entry] = [waiting.shift(), queue.shift()];
      if (response === undefined || entry === undefined) return;
      const [id, pending] = entry;
      running.set(id, pending);
      response.writeHead(200, { "content-type": "application/json", ...pending.headers }).end(pending.event);
    }
  }

  async function finish(request: IncomingMessage, id: string, kind: InvocationEnd["kind"]): Promise<void> {
    const { headers } = request;
    let pieces = 0;
    request.on("data", () => pieces++);
    const body = await buffer(request);
    const streamed = headers["lambda-runtime-function-response-mode"] === "streaming";
    running.get(id)?.done({ kind, streamed, contentType: headers["content-type"], body, pieces });
    running.delete(id);
  }

  const server = createServer(async (request, response) => {
    const [, , , area, id = "", what] = (request.url ?? "").split("/");
    if (area === "invocation" && id === "next") {
      ready();
      waiting.push(response);
      return handOut();
    }
    if (area === "init") broken(new Error(String(await buffer(request))));
    else await finish(request, id, what === "error" ? "error" : "response");
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const listening = server.address();
  const port = typeof listening === "object" && listening !== null ? listening.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    initialised,
    invoke(event, timeoutMs) {
      const id = randomUUID();
      const headers = {
        "Lambda-Runtime-Aws-Request-Id": id,
        "Lambda-Runtime-Deadline-Ms": String(Date.now() + timeoutMs),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
      };
      return new Promise((done) => {
        queue.push([id, { event: JSON.stringify(event), headers, done }]);
        handOut();
      });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
