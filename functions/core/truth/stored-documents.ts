import { eachElement, eachMember, JsonScanError, skipSpace, skipValue, unquote } from "../bulk/json-scan.ts";
import { keyIs, nameIndex, nameTable } from "../bulk/name-table.ts";
import { oneLine } from "../bulk/one-line.ts";
import { ask } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";
import type { DocumentKey } from "../replication/record.ts";

/**
 * What a cluster holds for one key now.
 * - `found`: `source` is the stored document's bytes on one line, `undefined` when it was not asked for or
 *   the index keeps none; numbers are decimal digits.
 * - `missing`: the index has no such document.
 * - `no-index`: there is no such index.
 * - `unreadable`: the cluster could not say; asking again may help.
 */
export type StoredDocument =
  | FoundDocument
  | { readonly kind: "missing"; readonly index: string }
  | { readonly kind: "no-index" }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface FoundDocument {
  readonly kind: "found";
  readonly index: string;
  readonly id: string;
  readonly routing: string | undefined;
  readonly version: string;
  readonly seqNo: string;
  readonly primaryTerm: string;
  readonly source: Buffer | undefined;
}

/** Documents of one request; larger ones cost memory on both sides. */
const keysPerRequest = 500;

/**
 * The present documents, by realtime `_mget`, in the keys' order. Their sources are cut out of the
 * answer as bytes: they are never parsed, so numbers beyond 2^53 and duplicate names stay as they are.
 * @throws ClusterError or ClusterAnswerError when the cluster gives no usable answer.
 */
export async function readStoredDocuments(
  cluster: Cluster,
  keys: readonly DocumentKey[],
  options: { readonly withSource: boolean },
): Promise<readonly StoredDocument[]> {
  const documents: StoredDocument[] = [];
  for (let from = 0; from < keys.length; from += keysPerRequest) {
    const page = keys.slice(from, from + keysPerRequest);
    const docs = page.map(({ index, id, routing }) => ({
      _index: index,
      _id: id,
      ...(routing !== undefined && { routing }),
    }));
    const query = options.withSource ? "realtime=true" : "realtime=true&_source=false";
    const answer = await ask(cluster, { method: "POST", path: "/_mget", query, body: { docs } });
    const read = readAnswer(cluster, answer.body);
    if (read.length !== page.length)
      throw new ClusterError(cluster.name, "lost", "_mget answered other documents");
    documents.push(...read);
  }
  return documents;
}

function readAnswer(cluster: Cluster, body: Buffer): readonly StoredDocument[] {
  const documents: StoredDocument[] = [];
  try {
    eachMember(body, skipSpace(body, 0), (keyStart, keyEnd, at) => {
      if (!keyIs(body, keyStart, keyEnd, "docs")) return skipValue(body, at);
      return eachElement(body, at, (element) => {
        const end = skipValue(body, element);
        documents.push(readDocument(body, element));
        return end;
      });
    });
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
    throw new ClusterError(cluster.name, "lost", `_mget gave an unreadable answer: ${error.message}`);
  }
  return documents;
}

const members = nameTable([
  "_index",
  "_id",
  "_routing",
  "_version",
  "_seq_no",
  "_primary_term",
  "found",
  "_source",
  "error",
]);

function readDocument(body: Buffer, at: number): StoredDocument {
  const ranges = new Map<string, { start: number; end: number }>();
  eachMember(body, at, (keyStart, keyEnd, start) => {
    const end = skipValue(body, start);
    const name = members.names[nameIndex(body, keyStart, keyEnd, members)];
    if (name !== undefined) ranges.set(name, { start, end });
    return end;
  });
  const raw = (name: string) => {
    const range = ranges.get(name);
    return range && body.toString("utf8", range.start, range.end);
  };
  const text = (name: string) => {
    const range = ranges.get(name);
    return range && unquote(body, range.start, range.end);
  };
  const error = raw("error");
  if (error !== undefined) {
    return error.includes("index_not_found_exception")
      ? { kind: "no-index" }
      : { kind: "unreadable", reason: error };
  }
  if (raw("found") !== "true") return { kind: "missing", index: text("_index") ?? "" };
  const seqNo = raw("_seq_no");
  const primaryTerm = raw("_primary_term");
  if (seqNo === undefined || primaryTerm === undefined) {
    return { kind: "unreadable", reason: "the answer has no sequence number" };
  }
  const source = ranges.get("_source");
  return {
    kind: "found",
    index: text("_index") ?? "",
    id: text("_id") ?? "",
    routing: text("_routing"),
    version: raw("_version") ?? "0",
    seqNo,
    primaryTerm,
    source: source && oneLine(body.subarray(source.start, source.end)),
  };
}
