import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import Connection from "@opensearch-project/opensearch/lib/Connection.js";
import { ConnectionError, RequestAbortedError } from "@opensearch-project/opensearch/lib/errors.js";
import { ConnectionPool, type getConnectionOptions } from "@opensearch-project/opensearch/lib/pool/index.js";
import Serializer from "@opensearch-project/opensearch/lib/Serializer.js";
import Transport from "@opensearch-project/opensearch/lib/Transport.js";
import { createCalls } from "./call.ts";
import type { Deadline } from "./deadline.ts";
import { discoveredAddresses } from "./discovered-nodes.ts";
import { createDiscovery } from "./discovery.ts";
import { type ExchangeFailure, startExchange } from "./exchange.ts";
import type { ClusterNodes } from "./node.ts";
import { createTarget, type NodeTarget } from "./node-target.ts";
import type { Cluster, ClusterRequest } from "./port.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { ClusterSettings } from "./settings.ts";
import { createWaitingLine, type WaitingLine } from "./waiting-line.ts";

/** A dead node is probed again after 1 s, then 2 s, … and at last every 32 s (the pool doubles it 5 times). */
const resurrectAfterMs = 1000;
const probeTimeoutMs = 3000;
const discoveryTimeoutMs = 10_000;
/** With several nodes, the one that answers so is left out for a while. The answer is passed on all the same. */
const faultStatuses = new Set([502, 503, 504]);

/**
 * A cluster behind the OpenSearch client's transport, node pool and sniffing, which Elasticsearch from 5 to 9
 * understands as well. The parts are taken from the package one by one: its index also loads some 600 API
 * methods (55 ms of a cold start) that a gateway, which passes requests on as they are, never calls.
 */
export function createCluster(settings: ClusterSettings): Cluster {
  return createCalls(createNodes(settings), settings);
}

function createNodes(settings: ClusterSettings): ClusterNodes<NodeConnection> {
  const pool = new NodePool(settings);
  const transport = new Transport({
    emit: () => false,
    connectionPool: pool,
    serializer: new NeverNull(),
    maxRetries: 0,
    requestTimeout: discoveryTimeoutMs,
    sniffEndpoint: "/_nodes/http",
  });
  const sniff = (done: (found: boolean) => void) =>
    transport.sniff({ reason: "default" }, (error: Error | null, hosts?: readonly unknown[]) =>
      done(error === null && hosts !== undefined && hosts.length > 0),
    );
  const discoverWhenDue = createDiscovery(sniff, settings);
  discoverWhenDue();
  return {
    pick(tried) {
      discoverWhenDue();
      return pool.pick(tried);
    },
    open(node, request, deadline) {
      const exchange: NodeExchange = { request, deadline };
      const params: NodeParams = { method: request.method, path: request.path, exchange };
      return new Promise((answer, unexpected) => {
        transport.request(params, { id: node, asStream: true }, (error, { body: response }) => {
          if (exchange.failure !== undefined) return answer({ failure: exchange.failure });
          if (error) return unexpected(error);
          pool.judge(node, response.statusCode);
          answer({ response });
        });
      });
    },
    close() {
      for (const node of pool.connections) node.target.agent.destroy();
    },
  };
}

/** The transport reads a sniff's answer without looking: `null` would throw where nobody catches it. */
class NeverNull extends Serializer {
  override deserialize(json: string): unknown {
    return super.deserialize(json) ?? {};
  }
}

/** What travels through the transport with one request, and how it failed. */
interface NodeExchange {
  readonly request: ClusterRequest;
  readonly deadline: Deadline;
  failure?: ExchangeFailure;
}

/** Without `exchange` it is the pool's probe or the transport's sniff. */
interface NodeParams {
  readonly method: string;
  readonly path: string;
  readonly exchange?: NodeExchange;
}

/** One node: the client's record of its state, and our own way of talking to it. */
class NodeConnection extends Connection {
  readonly host: string;
  readonly line: WaitingLine;
  readonly target: NodeTarget;
  /** Configured, not discovered. */
  readonly seed: boolean;

  constructor(url: URL, settings: ClusterSettings, seed: boolean) {
    const target = createTarget(url, settings);
    super({ url, agent: () => target.agent });
    this.host = url.host;
    this.seed = seed;
    this.target = target;
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
    const request = startExchange(this.target.requestOptions(asked), asked.body, ({ response, failure }) => {
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

/** The client's pool, which leaves out dead nodes and probes them, with seeds as a reserve for discovered nodes. */
class NodePool extends ConnectionPool {
  declare connections: NodeConnection[];
  readonly #settings: ClusterSettings;
  #reserve: ReadonlySet<NodeConnection> = new Set();
  #cursor = -1;
  #probing = false;

  constructor(settings: ClusterSettings) {
    super({ Connection, emit: () => false, pingTimeout: probeTimeoutMs, resurrectStrategy: "ping" });
    this.resurrectTimeout = resurrectAfterMs;
    this.#settings = settings;
    const seeds = new Map(settings.endpoints.map((url) => [url.href, url]));
    this.connections = [...seeds.values()].map((url) => new NodeConnection(url, settings, true));
    this.size = this.connections.length;
  }

  /**
   * In rotation, and among equals the one with the shortest line: living nodes before dead ones,
   * and among each, discovered ones before seeds that discovery did not confirm.
   */
  pick(tried: ReadonlySet<NodeConnection>): NodeConnection | undefined {
    this.resurrect({ requestId: "", name: "" });
    this.#cursor = (this.#cursor + 1) % this.size;
    let best: NodeConnection | undefined;
    for (let i = 0; i < this.size; i++) {
      const node = this.connections[(this.#cursor + i) % this.size];
      if (node === undefined || tried.has(node)) continue;
      if (best === undefined || this.#isBetter(node, best)) best = node;
    }
    return best;
  }

  #isBetter(node: NodeConnection, than: NodeConnection): boolean {
    const rank = this.#rank(node) - this.#rank(than);
    return rank < 0 || (rank === 0 && node.line.waiting < than.line.waiting);
  }

  #rank(node: NodeConnection): number {
    return (node.status === Connection.statuses.DEAD ? 2 : 0) + (this.#reserve.has(node) ? 1 : 0);
  }

  /** The node that a call has picked travels as the request's id. */
  override getConnection(options: getConnectionOptions = {}): NodeConnection | null {
    const picked: unknown = options.requestId;
    return picked instanceof NodeConnection ? picked : (this.pick(new Set()) ?? null);
  }

  /** Learns from an answer's status. */
  judge(node: NodeConnection, status: number | undefined): void {
    if (status !== undefined && faultStatuses.has(status)) this.markDead(node);
    else if (node.status === Connection.statuses.DEAD) this.markAlive(node);
  }

  /** The only node is never left out. */
  override markDead(node: Connection): this {
    return this.size > 1 ? super.markDead(node) : this;
  }

  /** One probe at a time: the client's pool would start one with every request while the first is under way. */
  override resurrect(...[options, callback]: Parameters<ConnectionPool["resurrect"]>): void {
    if (this.#probing) return;
    this.#probing = true;
    super.resurrect(options, (isAlive, node) => {
      this.#probing = false;
      callback?.(isAlive, node);
    });
  }

  override nodesToHost(nodes: unknown, scheme: string): { url: URL }[] {
    return discoveredAddresses(nodes, scheme).map((url) => ({ url }));
  }

  /** Takes over discovered nodes. A new one starts as dead, so that it gets no request before a probe reached it. */
  override update(hosts: readonly { readonly url: URL }[]): this {
    if (hosts.length === 0) return this;
    const known = new Map(this.connections.map((node) => [node.url.href, node]));
    const discovered = hosts.map(({ url }) => known.get(url.href) ?? this.#discover(url));
    const seeds = this.connections.filter((node) => node.seed && !discovered.includes(node));
    const gone = this.connections.filter((node) => !node.seed && !discovered.includes(node));
    this.connections = [...discovered, ...seeds];
    this.size = this.connections.length;
    this.#reserve = new Set(seeds);
    this.dead = this.connections
      .filter((node) => node.status === Connection.statuses.DEAD)
      .map(({ id }) => id);
    for (const node of gone) node.close();
    return this;
  }

  #discover(url: URL): NodeConnection {
    const node = new NodeConnection(url, this.#settings, false);
    node.status = Connection.statuses.DEAD;
    return node;
  }
}
