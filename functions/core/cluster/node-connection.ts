import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import Connection from "@opensearch-project/opensearch/lib/Connection.js";
import { ConnectionError, RequestAbortedError } from "@opensearch-project/opensearch/lib/errors.js";
import type { Signer } from "./credentials.ts";
import type { Deadline } from "./deadline.ts";
import { type ExchangeFailure, startExchange } from "./exchange.ts";
import { createTarget, type NodeTarget } from "./node-target.ts";
import type { ClusterRequest } from "./port.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { ClusterSettings } from "./settings.ts";
import { createWaitingLine, type WaitingLine } from "./waiting-line.ts";

/** What travels through the transport with one request, and how it failed. */
export interface NodeExchange {
  readonly request: ClusterRequest;
  readonly deadline: Deadline;
  readonly sign: Signer | undefined;
  failure?: ExchangeFailure;
}

/** Without `exchange` it is the pool's probe or the transport's sniff. */
export interface NodeParams {
  readonly method: string;
  readonly path: string;
  readonly exchange?: NodeExchange;
}

/** One node: the client's record of its state, and our own way of talking to it. */
export class NodeConnection extends Connection {
  readonly host: string;
  readonly line: WaitingLine;
  readonly target: NodeTarget;
  /** Configured, not discovered. */
  readonly seed: boolean;
  readonly #latestSigner: () => Signer | undefined;

  constructor(url: URL, settings: ClusterSettings, seed: boolean) {
    const target = createTarget(url, settings);
    super({ url, agent: () => target.agent });
    this.host = url.host;
    this.seed = seed;
    this.target = target;
    this.#latestSigner = () => settings.credentials?.latest();
    this.line = createWaitingLine({
      limit: createRateLimit({
        requestsPerSecond: settings.maxQpsPerNode,
        bytesPerSecond: settings.maxBytesPerNode,
        now: settings.now ?? (() => performance.now()),
      }),
      inFlightMax: settings.maxConnectionPerNode,
      waitMsMax: settings.limitWaitMs,
    });
  }

  /**
   * The stock connection loses the error's code and writes to the console. A failure that says nothing about the
   * node (the caller's abort, a socket that was closed while idle) is told as `RequestAbortedError`, because the
   * transport takes the node out of the rotation for any other.
   */
  override request(
    params: RequestOptions & NodeParams,
    callback: (error: Error | null, response: IncomingMessage | null) => void,
  ): ClientRequest {
    const { exchange } = params;
    const { method, path, timeout } = params;
    const asked = exchange?.request ?? { method, path };
    const sign = exchange === undefined ? this.#latestSigner() : exchange.sign;
    const options = this.target.requestOptions(asked, sign);
    const request = startExchange(options, asked.body, ({ response, failure }) => {
      clearTimeout(timer);
      if (failure === undefined) {
        if (exchange === undefined && method === "HEAD") response.resume();
        return callback(null, response);
      }
      if (exchange !== undefined) exchange.failure = failure;
      const blameless = failure.reusedSocket || exchange?.deadline.ended === "aborted";
      const Told = blameless ? RequestAbortedError : ConnectionError;
      callback(new Told(failure.cause.message), null);
    });
    const end = () => request.destroy();
    const timer = exchange === undefined && timeout !== undefined ? setTimeout(end, timeout) : undefined;
    exchange?.deadline.onEnd(end);
    return request;
  }

  /** Requests under way finish; their sockets are closed once they are idle. */
  override close(): this {
    this.target.closeIdleSockets();
    return this;
  }
}
