import type { Headers } from "../core/cluster/port.ts";
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
  /** The answer to `GET /`, by which clients recognise the product. */
  root(): { readonly headers: Headers; readonly body: Buffer } | undefined;
}

/** Before PRIMARY answered anything. */
export const unknownProduct = "unknown";

/** The first hit stands within. */
const lookedAtBytes = 1024;

/** The memory of one process. It takes what it knows from answers that pass anyway, the last one counts. */
export function createPrimaryForm(): PrimaryForm {
  let product: string | undefined = unknownProduct;
  let totalIsNumber = false;
  let hasTypes = false;
  let root: ReturnType<PrimaryForm["root"]>;
  return {
    learn({ method, path, query }, { status, headers, body }) {
      if (status >= 300) return;
      product = headers["x-elastic-product"]?.toString();
      if (!Buffer.isBuffer(body) || headers["content-encoding"] !== undefined) return;
      if (method === "GET" && path === "/") root = { headers, body };
      const start = body.toString("latin1", 0, lookedAtBytes);
      const [, total] = /"hits":\{"total":([\d{])/.exec(start) ?? [];
      if (total !== undefined && !query.includes("rest_total_hits_as_int")) totalIsNumber = total !== "{";
      if (start.includes('"_index":"')) hasTypes = /"_index":"[^"]*","_type":"/.test(start);
    },
    product: () => product,
    totalIsNumber: () => totalIsNumber,
    hasTypes: () => hasTypes,
    root: () => root,
  };
}
