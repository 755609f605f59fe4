import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BufferList } from "./buffer-list.ts";

/**
 * Why a node gave no head of an answer.
 * `refused`: no connection came about, so nothing was sent. `lost`: it broke after sending may have begun.
 */
export interface ExchangeFailure {
  readonly code: "refused" | "lost";
  /** The socket had been used before: perhaps the node had closed it while it was idle. */
  readonly reusedSocket: boolean;
  readonly cause: Error;
}

export type ExchangeResult =
  | { readonly response: IncomingMessage; readonly failure?: never }
  | { readonly response?: never; readonly failure: ExchangeFailure };

/** Elasticsearch's `Warning` headers can be longer than Node's default of 16 KB. */
const answerHeaderBytesMax = 65_536;

/**
 * Sends one request to one node and answers once, with the head of the node's answer or a failure.
 * Destroying what it returns ends the exchange; before the head that is a failure like any other.
 * Throws a TypeError where a header or the path holds characters that HTTP does not allow.
 */
export function startExchange(
  options: RequestOptions & { readonly connectTimeoutMs: number },
  body: Buffer | BufferList | undefined,
  answer: (result: ExchangeResult) => void,
): ClientRequest {
  const secure = options.protocol === "https:";
  const request = (secure ? httpsRequest : httpRequest)({ ...options, maxHeaderSize: answerHeaderBytesMax });
  let connected = false;
  let answered = false;
  let connectTimer: NodeJS.Timeout | undefined;
  const settle = (result: ExchangeResult) => {
    if (answered) return;
    answered = true;
    clearTimeout(connectTimer);
    answer(result);
  };
  request.once("socket", (socket) => {
    if (request.reusedSocket) {
      connected = true;
      return;
    }
    connectTimer = setTimeout(() => request.destroy(new Error("connect timeout")), options.connectTimeoutMs);
    socket.once(secure ? "secureConnect" : "connect", () => {
      connected = true;
      clearTimeout(connectTimer);
    });
  });
  request.once("response", (response) => settle({ response }));
  request.on("error", (cause) => {
    settle({ failure: { code: connected ? "lost" : "refused", reusedSocket: request.reusedSocket, cause } });
  });
  if (body instanceof BufferList) sendAll(body, request);
  else request.end(body);
  return request;
}

function sendAll({ buffers }: BufferList, request: ClientRequest): void {
  request.cork();
  for (const buffer of buffers) request.write(buffer);
  request.end();
}
