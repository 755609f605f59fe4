import type { Credentials } from "./credentials.ts";
import type { ClusterName } from "./port.ts";

/** How to reach one cluster and how hard it may be driven. Limits are per node and per process. */
export interface ClusterSettings {
  readonly name: ClusterName;
  /** At least one; a path in it is a prefix of every request's path. */
  readonly endpoints: readonly URL[];
  /** Sign a request in where it brings no `authorization` of its own. @default those in the node's URL */
  readonly credentials?: Credentials;
  readonly maxQpsPerNode: number;
  /** Bytes of request bodies per second. */
  readonly maxBytesPerNode: number;
  /** Requests under way, and so open connections. */
  readonly maxConnectionPerNode: number;
  /** Whether the cluster is asked for its nodes: never, until it answered once, or again and again. */
  readonly discovery: "off" | "once" | "refreshed";
  /** @default 60000 */
  readonly discoveryIntervalMs?: number;
  /** For the whole exchange, waiting and retries included. */
  readonly requestTimeoutMs: number;
  /** For one connection: name resolution, TCP and TLS. */
  readonly connectTimeoutMs: number;
  /** The longest wait for a limit; `Infinity` only ever slows down. */
  readonly limitWaitMs: number;
  readonly tls?: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Milliseconds of a clock that never goes back, for the limits. @default performance.now */
  readonly now?: () => number;
}
