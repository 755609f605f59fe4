import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { describeError, type Log } from "./lambda-context.ts";
import { declaresTooMuch, readBody } from "./rest-api-body.ts";
import { createRestEvent, parseTarget } from "./rest-api-event.ts";
import { answer, type FunctionHost, type LocalFunction, sendInternalError } from "./rest-api-function.ts";
import { type Refusal, refuse, refuseBrokenHttp, sendContinue } from "./rest-api-refusal.ts";

export interface RestApiOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The path is as it was encoded, without the query. */
  readonly route: (method: string, path: string) => LocalFunction;
  readonly bodyBytesMax: number;
  /** Named in the answer to a body over the limit. @default "BODY_BYTES_MAX" */
  readonly bodyBytesMaxSetting?: string;
  /** For functions without a timeout of their own. @default 29000, as API Gateway's integration timeout */
  readonly functionTimeoutMs?: number;
  /** How long `close` waits for what runs. @default 10000 */
  readonly closeTimeoutMs?: number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  readonly log: Log;
}

export interface RestApi {
  /** Rejects when the address cannot be bound. */
  listen(): Promise<{ port: number }>;
  /** Stops accepting, lets running requests and handlers finish for `closeTimeoutMs`, then cuts. */
  close(): Promise<void>;
}

/** Longer than clients keep idle connections: they close first, so no request meets a closing server. */
const keepAliveTimeoutMs = 75_000;

/**
 * Runs Lambda handlers behind HTTP with the events that a REST API's proxy integration gives them. As on AWS: a
 * handler that throws or returns nonsense is 502, one that outlives its timeout 504, and a buffered handler runs
 * to its end when the client goes away. What API Gateway would refuse is refused here in Elasticsearch's shape.
 */
export function createRestApi(options: RestApiOptions): RestApi {
  const { host, port, closeTimeoutMs = 10_000, functionTimeoutMs = 29_000, now = Date.now, log } = options;
  const running = new Set<Promise<unknown>>();
  /** Sockets that carry an answer to a whole request. */
  const answering = new WeakSet<Duplex>();
  let closing = false;
  const track = (work: Promise<unknown>): void => {
    running.add(work);
    work.finally(() => running.delete(work));
  };
  const functions: FunctionHost = { timeoutMs: functionTimeoutMs, now, log, track };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const prepared = await prepare(request, options, now);
    if (prepared.kind === "aborted") return;
    if (prepared.kind === "refused") return refuse(request, response, prepared.refusal);
    answering.add(request.socket);
    const { httpMethod, path } = prepared.event;
    await answer(functions, options.route(httpMethod, path), prepared.event, response);
  };
  const accept = (request: IncomingMessage, response: ServerResponse): void => {
    if (closing) response.shouldKeepAlive = false;
    track(
      new Promise<void>((resolve) => {
        response.once("close", () => {
          answering.delete(request.socket);
          resolve();
        });
      }),
    );
    serve(request, response).catch((error: unknown) => {
      log({ level: "error", message: "the request could not be handled", error: describeError(error) });
      sendInternalError(response);
    });
  };

  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs })
    .on("request", accept)
    .on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (!declaresTooMuch(request, options.bodyBytesMax)) sendContinue(response);
      accept(request, response);
    })
    .on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
      const reason = "the server meets no other expectation than [100-continue]";
      refuse(request, response, { status: 417, type: "illegal_argument_exception", reason });
    })
    .on("clientError", (error, socket) => refuseBrokenHttp(error, socket, answering));

  return {
    listen: () => listen(server, port, host),
    async close() {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await allDone(running, closeTimeoutMs);
      if (running.size > 0)
        log({ level: "warn", message: "closed while work was running", pieces: running.size });
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve({ port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}

type Prepared =
  | { readonly kind: "event"; readonly event: APIGatewayProxyEvent }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "aborted" };

/** From the request to its event. */
async function prepare(
  request: IncomingMessage,
  options: RestApiOptions,
  now: () => number,
): Promise<Prepared> {
  const target = parseTarget(request.url ?? "");
  if (target.kind === "refused") {
    const refusal = { status: 400, type: "illegal_argument_exception", reason: target.reason };
    return { kind: "refused", refusal };
  }
  const read = await readBody(request, options.bodyBytesMax);
  if (read.kind === "aborted") return read;
  if (read.kind === "tooLong") {
    const setting = options.bodyBytesMaxSetting ?? "BODY_BYTES_MAX";
    const reason = `the request body is longer than [${options.bodyBytesMax}] bytes: send smaller requests, or raise [${setting}]`;
    return { kind: "refused", refusal: { status: 413, type: "content_too_long_exception", reason } };
  }
  const event = createRestEvent({
    request,
    path: target.path,
    parameters: target.parameters,
    body: read.body,
    requestId: randomUUID(),
    nowMs: now(),
  });
  return { kind: "event", event };
}

/** Until nothing runs, including what still starts on open connections, or until the time is up. */
async function allDone(running: ReadonlySet<Promise<unknown>>, timeoutMs: number): Promise<void> {
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late = true;
      resolve();
    }, timeoutMs);
  });
  while (running.size > 0 && !late) await Promise.race([Promise.allSettled(running), timeout]);
  clearTimeout(timer);
}
