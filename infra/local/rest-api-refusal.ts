import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { drain, hasBody } from "./rest-api-body.ts";
import { searchError, sendJson } from "./rest-api-response.ts";

/** Why a request does not reach a handler. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

/** How much of a refused body is read, and for how long, so that the client sees the answer and no reset. */
const drainBytesMax = 64 * 1024 * 1024;
const drainTimeoutMs = 5_000;

/**
 * Answers at once in Elasticsearch's error shape. When a body is still on its way, some of it is read and dropped
 * and the connection is closed; a client that waits for `100 Continue` has not sent any.
 */
export async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): Promise<void> {
  const json = searchError(refusal.status, refusal.type, refusal.reason);
  if (request.complete || !hasBody(request)) return sendJson(response, refusal.status, json);
  response.sendDate = false;
  response.writeHead(refusal.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(json),
    connection: "close",
  });
  // Node closes the socket at `end`; the answer is complete by its length before that.
  response.write(json);
  const waits = request.headers.expect !== undefined && !continued.has(response);
  if (!waits) await drain(request, drainBytesMax, drainTimeoutMs);
  response.end();
}

const continued = new WeakSet<ServerResponse>();

/** Sends `100 Continue`, after which the client's body has to be expected. */
export function sendContinue(response: ServerResponse): void {
  continued.add(response);
  response.writeContinue();
}

/** What is not HTTP gets a JSON answer too, unless the socket already carries another request's answer. */
export function refuseBrokenHttp(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  answering: WeakSet<Duplex>,
): void {
  if (!socket.writable || error.code === "ECONNRESET" || answering.has(socket)) {
    socket.destroy();
    return;
  }
  const [status, phrase, reason] = brokenHttp(error);
  const json = searchError(status, "bad_http_exception", reason);
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(json)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${json}`);
}

function brokenHttp(error: NodeJS.ErrnoException): [status: number, phrase: string, reason: string] {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return [431, "Request Header Fields Too Large", "the request's line and headers are longer than 16 KB"];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "Request Timeout", "the request did not arrive in time"];
    default:
      return [400, "Bad Request", `the request is not valid HTTP: ${error.message}`];
  }
}
