import Connection from "@opensearch-project/opensearch/lib/Connection.js";
import { ConnectionPool, type getConnectionOptions } from "@opensearch-project/opensearch/lib/pool/index.js";
import { discoveredAddresses } from "./discovered-nodes.ts";
import { NodeConnection } from "./node-connection.ts";
import type { ClusterSettings } from "./settings.ts";

/** A dead node is probed again after 1 s, then 2 s, … and at last every 32 s (the pool doubles it 5 times). */
const resurrectAfterMs = 1000;
const probeTimeoutMs = 3000;
/** With several nodes, the one that answers so is left out for a while. The answer is passed on all the same. */
const faultStatuses = new Set([502, 503, 504]);

/** The client's pool, which leaves out dead nodes and probes them, with seeds as a reserve for discovered nodes. */
export class NodePool extends ConnectionPool {
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
