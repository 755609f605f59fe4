import { Readable } from "node:stream";
import {
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  type ClusterName,
  type ClusterRequest,
  type ClusterResponse,
  type Headers,
} from "../../functions/core/cluster/port.ts";
import type { Release } from "../../functions/core/cluster/release.ts";

/** What a fake cluster answers. Anything but bytes and text is sent as JSON. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Headers;
  readonly body?: unknown;
}

export type Answering = (request: ClusterRequest) => FakeAnswer | Promise<FakeAnswer>;

export interface FakeCluster extends Cluster {
  /** Every request, in order. */
  readonly requests: ClusterRequest[];
  /** What it is taken for. @default OpenSearch 2.19.1 */
  runs(release: Release): void;
  /** From now on it answers like this. */
  answer(with_: Answering): void;
}

/** A cluster whose answers are a function; throwing a `ClusterError` there is giving no answer. */
export function fakeCluster(name: ClusterName, first: Answering): FakeCluster {
  let answering = first;
  let running: Release = { product: "opensearch", version: "2.19.1" };
  const requests: ClusterRequest[] = [];
  async function send(request: ClusterRequest): Promise<ClusterResponse> {
    requests.push(request);
    const { status = 200, headers = {}, body = "" } = await answering(request);
    return { status, headers, body: bytesOf(body) };
  }
  return {
    name,
    requests,
    answer(with_) {
      answering = with_;
    },
    send,
    async stream(request) {
      const { status, headers, body } = await send(request);
      return { status, headers, body: Readable.from(body.length > 0 ? [body] : [], { objectMode: false }) };
    },
    runs(release) {
      running = release;
    },
    release: () => Promise.resolve(running),
    close: () => Promise.resolve(),
  };
}

/** Throws as the adapter does when there is no answer. */
export function noAnswer(name: ClusterName, code: ClusterErrorCode, message = `it is ${code}`): Answering {
  return () => {
    throw new ClusterError(name, code, message);
  };
}

/** An error in Elasticsearch's shape. */
export function clusterError(status: number, type: string, reason = "because"): FakeAnswer {
  return { status, body: { error: { type, reason }, status } };
}

/** The request's body as text; empty when there is none. */
export function textOf(request: ClusterRequest | undefined): string {
  return request?.body?.toString("utf8") ?? "";
}

/** `METHOD /path`, without the query. */
export function lineOf({ method, path }: ClusterRequest): string {
  return `${method} ${path}`;
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
