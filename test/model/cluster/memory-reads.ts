import type { ClusterRequest, ClusterResponse } from "../../../functions/core/cluster/port.ts";
import {
  answerFiltered,
  answerJson,
  answerText,
  failureAnswer,
  failureText,
  isObject,
  type Json,
  parametersOf,
  parseJson,
} from "./json.ts";
import type { MemoryCatalog } from "./memory-catalog.ts";
import type { MemoryIndex } from "./memory-index.ts";
import type { Held } from "./memory-shard.ts";

function bodyOf(request: ClusterRequest): { readonly [name: string]: Json } {
  const body = parseJson(request.body?.toString("utf8") ?? "");
  return isObject(body) ? body : {};
}

function missingIndex(name: string) {
  return { status: 404, type: "index_not_found_exception", reason: `no such index [${name}]` };
}

/** A closed index can be neither read nor written; its definition can be read. */
export const closedIndex = { status: 400, type: "index_closed_exception", reason: "closed" };

/** Realtime `_mget`. */
export function multiGet(request: ClusterRequest, catalog: MemoryCatalog): ClusterResponse {
  const parameters = parametersOf(request);
  const withSource = parameters.get("_source") !== "false";
  const { docs } = bodyOf(request);
  const texts = (Array.isArray(docs) ? docs : []).map((asked: Json) => {
    const { _index: name = "", _id: id = "", routing } = isObject(asked) ? asked : {};
    const at = `"_index":${JSON.stringify(name)},"_type":"_doc","_id":${JSON.stringify(id)}`;
    const holders = catalog.find(String(name));
    const [index] = holders;
    if (index === undefined) return `{${at},"error":${failureText(missingIndex(String(name)))}}`;
    if (holders.length > 1) {
      const reason = `alias [${name}] has more than one index associated with it, can't execute a single index op`;
      return `{${at},"error":${failureText({ status: 400, type: "illegal_argument_exception", reason })}}`;
    }
    if (index.closed) return `{${at},"error":${failureText(closedIndex)}}`;
    const added = index.aliases.get(String(name))?.["index_routing"];
    const route = routing ?? added;
    const held = index.shardFor(String(id), route === undefined ? undefined : String(route)).get(String(id));
    return gotText(index.name, String(id), held, withSource);
  });
  return answerFiltered(`{"docs":[${texts.join(",")}]}`, parameters.get("filter_path"));
}

function gotText(index: string, id: string, held: Held | undefined, withSource: boolean): string {
  const at = `"_index":${JSON.stringify(index)},"_type":"_doc","_id":${JSON.stringify(id)}`;
  if (held?.source === undefined) return `{${at},"found":false}`;
  const routing = held.routing === undefined ? "" : `,"_routing":${JSON.stringify(held.routing)}`;
  const source = withSource ? `,"_source":${held.source}` : "";
  return `{${at},"_version":${held.version},"_seq_no":${held.seqNo},"_primary_term":${held.term}${routing},"found":true${source}}`;
}

/** `GET /{index}/_doc/{id}`. */
export function getDocument(
  request: ClusterRequest,
  index: MemoryIndex | undefined,
  name: string,
  id: string,
): ClusterResponse {
  if (index === undefined) return failureAnswer(missingIndex(name));
  if (index.closed) return failureAnswer(closedIndex);
  const routing = parametersOf(request).get("routing") ?? undefined;
  const held = index.shardFor(id, routing).get(id);
  return answerText(held === undefined ? 404 : 200, gotText(index.name, id, held, true));
}

/** `_search` as whole-index work uses it: one shard, a range of sequence numbers, in their order. */
export function search(
  request: ClusterRequest,
  { catalog, nowMs }: { readonly catalog: MemoryCatalog; readonly nowMs: number },
  name: string,
): ClusterResponse {
  const [index] = catalog.find(name);
  if (index === undefined) return failureAnswer(missingIndex(name));
  if (index.closed) return failureAnswer(closedIndex);
  const body = bodyOf(request);
  const shard = /_shards:(\d+)/.exec(parametersOf(request).get("preference") ?? "")?.[1];
  const shards = shard === undefined ? index.shards : index.shards.slice(Number(shard), Number(shard) + 1);
  const query = JSON.stringify(body["query"] ?? {});
  const above = query.match(/"_seq_no":\{"gt":(-?\d+)\}/)?.[1];
  const onlyRouted = query.includes('"exists":{"field":"_routing"}');
  const hits = shards
    .flatMap((each) => each.searchable(nowMs))
    .filter(({ seqNo, routing }) => seqNo > Number(above ?? -1) && !(onlyRouted && routing === undefined))
    .sort((a, b) => a.seqNo - b.seqNo)
    .slice(0, Number(body["size"] ?? 10));
  const texts = hits.map(({ id, routing, seqNo, term, source }) => {
    const routed = routing === undefined ? "" : `,"_routing":${JSON.stringify(routing)}`;
    const shown = body["_source"] === false ? "" : `,"_source":${source}`;
    return `{"_index":${JSON.stringify(index.name)},"_id":${JSON.stringify(id)},"_score":null,"_seq_no":${seqNo},"_primary_term":${term}${routed}${shown},"sort":[${seqNo}]}`;
  });
  return answerText(
    200,
    `{"took":1,"timed_out":false,"_shards":{"total":${shards.length},"successful":${shards.length},"skipped":0,"failed":0},"hits":{"max_score":null,"hits":[${texts.join(",")}]}}`,
  );
}

/** `GET /{index}/_stats?level=shards`. */
export function stats(request: ClusterRequest, catalog: MemoryCatalog, name: string): ClusterResponse {
  const found = catalog.find(name);
  if (found.length === 0) return failureAnswer(missingIndex(name));
  if (found.some(({ closed }) => closed)) return failureAnswer(closedIndex);
  const progress = found.map((index) => ({
    index,
    shards: index.shards.map(({ maxSeqNo, globalCheckpoint }) => ({ maxSeqNo, globalCheckpoint })),
  }));
  const filter = parametersOf(request).get("filter_path");
  const seen = progress.map(
    ({ index: { name: own, uuid }, shards }) =>
      `${own}/${uuid}/${shards.map((each) => `${each.maxSeqNo}-${each.globalCheckpoint}`)}`,
  );
  return catalog.answered(`stats ${filter} ${seen}`, () => {
    const indices = progress.map(({ index, shards }) => {
      const shown = shards.map(({ maxSeqNo, globalCheckpoint }, at) => {
        const seq_no = { max_seq_no: maxSeqNo, global_checkpoint: globalCheckpoint };
        return [String(at), [{ routing: { state: "STARTED", primary: true }, seq_no }]];
      });
      return [index.name, { uuid: index.uuid, shards: Object.fromEntries(shown) }];
    });
    return answerJson(200, { indices: Object.fromEntries(indices) }, filter);
  });
}

/** `GET /_cluster/state/metadata/{indices}`. */
export function clusterState(
  request: ClusterRequest,
  catalog: MemoryCatalog,
  names: string,
): ClusterResponse {
  const found = catalog.find(names);
  const filter = parametersOf(request).get("filter_path");
  const seen = found.map(
    ({ name, uuid, closed, mapping, shards }) =>
      `${name}/${uuid}/${closed}/${mapping.version}/${shards.map(({ term }) => term)}`,
  );
  return catalog.answered(`state ${filter} ${seen}`, () => {
    const indices = found.map((index) => [
      index.name,
      {
        state: index.closed ? "close" : "open",
        mapping_version: index.mapping.version,
        routing_num_shards: index.routingShards,
        primary_terms: Object.fromEntries(index.shards.map(({ term }, at) => [String(at), term])),
        settings: {
          index: {
            uuid: index.uuid,
            creation_date: String(index.createdMs),
            number_of_shards: String(index.shards.length),
          },
        },
      },
    ]);
    return answerJson(
      200,
      { cluster_name: "model", metadata: { indices: Object.fromEntries(indices) } },
      filter,
    );
  });
}

/** `GET /{indices}`. */
export function definitions(
  request: ClusterRequest,
  catalog: MemoryCatalog,
  expression: string,
): ClusterResponse {
  const parameters = parametersOf(request);
  const found = catalog.find(expression);
  if (found.length === 0 && parameters.get("ignore_unavailable") !== "true" && !expression.includes("*")) {
    return failureAnswer(missingIndex(expression));
  }
  const flat = parameters.get("flat_settings") === "true";
  const filter = parameters.get("filter_path");
  const seen = found.map(
    ({ name, uuid, mapping, settings, aliases }) =>
      `${name}/${uuid}/${mapping.version}/${[...settings]}/${JSON.stringify([...aliases])}`,
  );
  return catalog.answered(`definitions ${flat} ${filter} ${seen}`, () => {
    const shown = found.map((index) => [
      index.name,
      {
        aliases: Object.fromEntries(index.aliases),
        mappings: index.mapping.definition,
        settings: flat ? Object.fromEntries(index.settings) : nested(index.settings),
      },
    ]);
    return answerJson(200, Object.fromEntries(shown), filter);
  });
}

function nested(settings: ReadonlyMap<string, string>): Json {
  const index: Record<string, string> = {};
  for (const [name, value] of settings) index[name.replace("index.", "")] = value;
  return { index };
}

/** `GET /{index}/_count`, as of the last refresh. */
export function count(catalog: MemoryCatalog, name: string, nowMs: number): ClusterResponse {
  const found = catalog.find(name);
  if (found.length === 0) return failureAnswer(missingIndex(name));
  const shards = found.flatMap((index) => index.shards);
  const documents = shards.reduce((sum, shard) => sum + shard.searchable(nowMs).length, 0);
  const _shards = { total: shards.length, successful: shards.length, skipped: 0, failed: 0 };
  return answerJson(200, { count: documents, _shards });
}
