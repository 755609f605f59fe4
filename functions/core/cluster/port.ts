import type { Readable } from "node:stream";
import type { BufferList } from "./buffer-list.ts";
import type { Release } from "./release.ts";

/** The two sides. PRIMARY owns the truth; BACKUP is made equal to it. */
export type ClusterName = "primary" | "backup";

/** Response headers as Node gives them: lower-case names, repeated `set-cookie`-like values as arrays. */
export type Headers = Record<string, string | string[]>;

/** One request to a cluster. `path` and `query` are sent exactly as they are encoded here. */
export interface ClusterRequest {
  readonly method: string;
  /** Starts with `/`, percent-encoded, without the query. */
  readonly path: string;
  /** Without the leading `?`; empty when there is none. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | BufferList;
  /** Until the answer is complete (`send`) or its headers are in (`stream`). The adapter's own default otherwise. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ClusterResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface ClusterStream {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

/**
 * A search cluster, as the use-cases see it. Any HTTP answer, whatever its status, is a value;
 * a `ClusterError` is thrown only where there is no (complete) answer.
 */
export interface Cluster {
  readonly name: ClusterName;
  /** The whole answer in memory. */
  send(request: ClusterRequest): Promise<ClusterResponse>;
  /** The answer's head now, its body as it arrives. Destroying the body ends the request. */
  stream(request: ClusterRequest): Promise<ClusterStream>;
  /**
   * What it runs now; asked again from time to time.
   * @throws ClusterError or ClusterAnswerError when it never said.
   */
  release(): Promise<Release>;
  close(): Promise<void>;
}

/**
 * Why there is no answer.
 * - `refused`: no node took the request; it was not executed.
 * - `limited`: our own limit for the nodes held for longer than the bounded wait; it was not sent.
 * - `lost`: it was sent (at least in part) and no complete answer came: reset, cut, bad HTTP. Outcome unknown.
 * - `timeout`: it was sent and no complete answer came in time. Outcome unknown.
 * - `aborted`: the caller's signal ended it. Outcome unknown.
 */
export type ClusterErrorCode = "refused" | "limited" | "lost" | "timeout" | "aborted";

export class ClusterError extends Error {
  override readonly name = "ClusterError";
  readonly cluster: ClusterName;
  readonly code: ClusterErrorCode;
  /** With `limited`: whole seconds after which a retry makes sense. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    cluster: ClusterName,
    code: ClusterErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.cluster = cluster;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** Whether the cluster may have executed the request although nobody heard its answer. */
  get outcomeUnknown(): boolean {
    return this.code === "lost" || this.code === "timeout" || this.code === "aborted";
  }
}
