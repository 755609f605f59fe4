import { gunzipSync } from "node:zlib";
import type { ReadAnswer } from "./first-part.ts";

/** More than any error says. */
const errorBytesMax = 1024 * 1024;

/**
 * Whether a 503 is a cluster's word on what it was asked, not on itself: an aggregation with more buckets than
 * `search.max_buckets` allows (503 on Elasticsearch 7.10 and OpenSearch 2.19, 400 on Elasticsearch 8.19). Another
 * cluster is not to be troubled with what this one has been protected from.
 */
export function isAboutTheQuery({ status, headers, body }: ReadAnswer): boolean {
  if (status !== 503 || !Buffer.isBuffer(body)) return false;
  return plain(body, headers["content-encoding"]).includes("too_many_buckets_exception");
}

/** The bytes as they are where they cannot be read: then nothing is found in them. */
function plain(body: Buffer, encoding: unknown): Buffer {
  if (encoding !== "gzip") return body;
  try {
    return gunzipSync(body, { maxOutputLength: errorBytesMax });
  } catch {
    return body;
  }
}
