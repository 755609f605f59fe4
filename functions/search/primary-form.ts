import { constants, gunzipSync } from "node:zlib";
import type { GatewayRequest } from "../core/http/request.ts";
import type { ReadAnswer } from "./first-part.ts";

/** What PRIMARY's answers look like, as far as they have shown: BACKUP's are to look the same to clients. */
export interface PrimaryForm {
  learn(request: GatewayRequest, answer: ReadAnswer): void;
  /** `X-Elastic-Product`; `undefined` where PRIMARY sends none; `"unknown"` before its first answer. */
  product(): string | undefined;
  /** `hits.total` is a number (Elasticsearch 6). */
  totalIsNumber(): boolean;
  /** Hits and documents have a `_type` (Elasticsearch up to 7, OpenSearch 1). */
  hasTypes(): boolean;
  /** That of an index's documents: `_doc`, unless PRIMARY has shown another one (Elasticsearch 6 and indices of it). */
  typeIn(index: string): string;
  /** The JSON that answers `GET /`, by which clients recognise the product. */
  root(): Buffer | undefined;
}

/** Before PRIMARY answered anything. */
export const unknownProduct = "unknown";

/** The first hit stands within. */
const lookedAtBytes = 1024;
/** Of a compressed answer; at most a thousandfold when it is not. `GET /` is shorter. */
const inflatedFromBytes = 4096;

/** What a type is called where there is nothing to tell apart. */
const usualType = "_doc";

/** Indices with another type: how many are remembered. */
const indicesMax = 10_000;

/** The memory of one process. It takes what it knows from answers that pass anyway, the last one counts. */
export function createPrimaryForm(): PrimaryForm {
  let product: string | undefined = unknownProduct;
  let totalIsNumber = false;
  let hasTypes = false;
  let knowsHits = false;
  const types = new Map<string, string>();
  let root: Buffer | undefined;
  return {
    learn({ method, path, query }, { status, headers, body }) {
      if (status >= 300) return;
      product = headers["x-elastic-product"]?.toString();
      if (!Buffer.isBuffer(body)) return;
      const encoding = headers["content-encoding"];
      const isRoot = method === "GET" && path === "/" && query === "";
      // To look into each compressed answer would cost more than it tells.
      if (encoding !== undefined && knowsHits && !isRoot) return;
      const plain = encoding === undefined ? body : inflatedStart(body, encoding);
      if (plain === undefined) return;
      const isJson = String(headers["content-type"] ?? "").includes("json");
      if (isRoot && isJson && (encoding === undefined || body.length <= inflatedFromBytes)) root = plain;
      const start = plain.toString("latin1", 0, lookedAtBytes);
      const [, total] = /"hits":\{"total":([\d{])/.exec(start) ?? [];
      if (total !== undefined && !query.includes("rest_total_hits_as_int")) totalIsNumber = total !== "{";
      const [, index, type] = /"_index":"([^"]*)",(?:"_type":"([^"]*)")?/.exec(start) ?? [];
      // Without its `_type` a hit may have been asked for.
      if (index === undefined || query.includes("filter_path")) return;
      knowsHits = true;
      hasTypes = type !== undefined;
      if (type === undefined || type === usualType) types.delete(index);
      else if (types.size < indicesMax) types.set(index, type);
    },
    product: () => product,
    totalIsNumber: () => totalIsNumber,
    hasTypes: () => hasTypes,
    typeIn: (index) => types.get(index) ?? usualType,
    root: () => root,
  };
}

/** What a gzip body begins with; `undefined` where it cannot be read. */
function inflatedStart(body: Buffer, encoding: unknown): Buffer | undefined {
  if (encoding !== "gzip") return undefined;
  try {
    return gunzipSync(body.subarray(0, inflatedFromBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}
