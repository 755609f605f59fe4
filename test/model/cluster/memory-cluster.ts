import type {
  Cluster,
  ClusterName,
  ClusterRequest,
  ClusterResponse,
} from "../../../functions/core/cluster/port.ts";
import type { Random } from "../random.ts";
import {
  answerJson,
  type Failure,
  failureAnswer,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
} from "./json.ts";
import { type Executed, executeBulk, executeDocument } from "./memory-bulk.ts";
import { createCatalog, type MemoryCatalog } from "./memory-catalog.ts";
import { aliasBody, flatSettings, type MemoryIndex, readIndexRequest } from "./memory-index.ts";
import {
  closedIndex,
  clusterState,
  count,
  definitions,
  getDocument,
  multiGet,
  search,
  stats,
} from "./memory-reads.ts";
import { createRemembered } from "./remembered.ts";

/** A search cluster in memory, at the level of the requests that the gateway and its clients send. */
export interface MemoryCluster {
  readonly catalog: MemoryCatalog;
  /** Executes a request on the primaries at once. */
  execute(request: ClusterRequest): Pending;
  /** Every node stops and starts: deletions are forgotten, terms grow. What was under way is lost or not. */
  restart(random: Random): void;
  /** Every shard's replica takes over. */
  failOver(random: Random): void;
}

/** A request that was executed on the primaries and is not on every copy yet. */
export interface Pending {
  readonly answer: ClusterResponse;
  /** The replicas have it: the answer can go out. `false`: a fail-over came first, and there is no answer. */
  settle(): boolean;
}

export interface MemoryClusterOptions {
  readonly random: Random;
  readonly now: () => number;
  /** `action.auto_create_index` @default true */
  readonly autoCreate?: boolean;
}

export function createMemoryCluster({ random, now, autoCreate = true }: MemoryClusterOptions): MemoryCluster {
  const catalog = createCatalog({ autoCreate, random, now });
  return {
    catalog,
    execute(request) {
      const { answer, written } = route(request, catalog, now());
      return {
        answer,
        settle() {
          const replicated = written.map(({ replication }) =>
            replication === undefined
              ? true
              : replication.shard.replicate(replication.held.seqNo, replication.held.term),
          );
          return replicated.every(Boolean);
        },
      };
    },
    restart(drawn) {
      for (const { shards } of catalog.indices.values()) {
        for (const shard of shards) {
          shard.failOver(drawn);
          shard.forgetDeletions();
        }
      }
    },
    failOver(drawn) {
      for (const { shards } of catalog.indices.values()) for (const shard of shards) shard.failOver(drawn);
    },
  };
}

/** The memory cluster behind the port, without any fault. */
export function asCluster(name: ClusterName, memory: MemoryCluster): Cluster {
  return {
    name,
    async send(request) {
      const pending = memory.execute(request);
      pending.settle();
      return pending.answer;
    },
    stream: () => Promise.reject(new Error("the model does not stream")),
    release: () => Promise.resolve({ product: "opensearch", version: "2.19.1" }),
    close: () => Promise.resolve(),
  };
}

const acknowledged = () => only(answerJson(200, { acknowledged: true }));

function only(answer: ClusterResponse): Executed {
  return { answer, written: [] };
}

function fail(failure: Failure): Executed {
  return only(failureAnswer(failure));
}

const partsOf = createRemembered((path): readonly string[] =>
  path.split("/").slice(1).map(decodeURIComponent),
);

function route(request: ClusterRequest, catalog: MemoryCatalog, nowMs: number): Executed {
  const parts = partsOf(request.path);
  const [first = "", second, third] = parts;
  const context = { catalog, nowMs };
  const reads = request.method === "GET";
  switch (first) {
    case "_bulk":
      return executeBulk(request, undefined, context);
    case "_mget":
      return only(multiGet(request, catalog));
    case "_aliases":
      return changeAliases(request, catalog);
    case "_cluster":
      return only(clusterState(request, catalog, parts.slice(3).join("/")));
    case "_tasks":
      return only(answerJson(200, {}));
    case "_ingest":
      catalog.setPipeline(third ?? "", bodyOf(request));
      return acknowledged();
  }
  switch (second) {
    case undefined:
      return reads ? only(definitions(request, catalog, first)) : changeIndex(request, catalog, first);
    case "_bulk":
      return executeBulk(request, first, context);
    case "_search":
      return only(search(request, context, first));
    case "_count":
      return only(count(catalog, first, nowMs));
    case "_stats":
      return only(stats(request, catalog, first));
    case "_delete_by_query":
      return deleteByQuery(request, first, context);
    case "_doc":
      if (reads) return only(getDocument(request, catalog.find(first)[0], first, third ?? ""));
      return executeDocument(request, documentOf(request, first, third ?? ""), context);
    case "_create":
      return executeDocument(request, { action: "create", index: first, id: third ?? "" }, context);
    case "_update":
      return executeDocument(request, { action: "update", index: first, id: third ?? "" }, context);
    default:
      return changeParts(request, context, first, second, third);
  }
}

function documentOf(request: ClusterRequest, index: string, id: string) {
  return { action: request.method === "DELETE" ? "delete" : "index", index, id } as const;
}

function bodyOf(request: ClusterRequest): JsonObject {
  const body = parseJson(request.body?.toString("utf8") ?? "");
  return isObject(body) ? body : {};
}

function changeIndex(request: ClusterRequest, catalog: MemoryCatalog, name: string): Executed {
  if (request.method === "DELETE") {
    if (!catalog.indices.has(name)) return fail(missing(name));
    catalog.remove(name);
    return acknowledged();
  }
  const created = catalog.create(name, readIndexRequest(bodyOf(request)));
  return "type" in created ? fail(created) : acknowledged();
}

function missing(name: string): Failure {
  return { status: 404, type: "index_not_found_exception", reason: `no such index [${name}]` };
}

/** Requests under an index that change or refresh it. */
function changeParts(
  request: ClusterRequest,
  { catalog, nowMs }: { readonly catalog: MemoryCatalog; readonly nowMs: number },
  expression: string,
  part: string,
  name: string | undefined,
): Executed {
  const found = catalog.find(expression);
  if (found.length === 0) return fail(missing(expression));
  for (const index of found) {
    const failure = changePart(index, request, part, name, nowMs);
    if (failure !== undefined) return fail(failure);
  }
  return acknowledged();
}

function changePart(
  index: MemoryIndex,
  request: ClusterRequest,
  part: string,
  name: string | undefined,
  nowMs: number,
): Failure | undefined {
  switch (part) {
    case "_refresh":
      if (index.closed) return closedIndex;
      for (const shard of index.shards) shard.refresh(nowMs);
      return undefined;
    case "_flush":
      return undefined;
    case "_mapping":
      return index.mapping.merge(bodyOf(request));
    case "_alias":
      if (request.method === "DELETE") index.aliases.delete(name ?? "");
      else index.aliases.set(name ?? "", aliasBody(bodyOf(request)));
      return undefined;
    case "_settings":
      for (const [setting, value] of flatSettings(bodyOf(request))) {
        if (setting === "index.number_of_shards") {
          const reason = `final ${index.name} setting [${setting}], not updateable`;
          return { status: 400, type: "illegal_argument_exception", reason };
        }
        if (value === "null") index.settings.delete(setting);
        else index.settings.set(setting, value);
      }
      return undefined;
    case "_close":
    case "_open":
      index.closed = part === "_close";
      for (const shard of index.shards) shard.forgetDeletions();
      return undefined;
    default:
      return { status: 400, type: "illegal_argument_exception", reason: `the model does not know [${part}]` };
  }
}

/** All actions or none, as one change of the cluster's state. */
function changeAliases(request: ClusterRequest, catalog: MemoryCatalog): Executed {
  const { actions } = bodyOf(request);
  const list = Array.isArray(actions) ? actions : [];
  const removed = new Set(list.map((action: Json) => removedIndex(action)));
  const steps: (() => void)[] = [];
  for (const action of list) {
    const { add, remove, remove_index: gone }: JsonObject = isObject(action) ? action : {};
    const change = [add, remove, gone].find(isObject) ?? {};
    const alias = String(change["alias"] ?? "");
    const index = catalog.indices.get(String(change["index"] ?? ""));
    if (index === undefined) return fail(missing(String(change["index"])));
    if (isObject(remove) && remove["must_exist"] === true && !index.aliases.has(alias)) {
      return fail({ status: 404, type: "aliases_not_found_exception", reason: `aliases [${alias}] missing` });
    }
    // Observed on OpenSearch 2.19: indices go first, and an action on one that went is an error of the whole.
    if (!isObject(gone) && removed.has(index.name)) return fail(missing(index.name));
    if (isObject(add) && catalog.indices.has(alias) && !removed.has(alias)) {
      const reason = `Invalid alias name [${alias}]: an index or data stream exists with the same name as the alias`;
      return fail({ status: 400, type: "invalid_alias_name_exception", reason });
    }
    if (isObject(add)) steps.push(() => index.aliases.set(alias, aliasBody(add)));
    else if (isObject(remove)) steps.push(() => index.aliases.delete(alias));
    else steps.push(() => catalog.remove(index.name));
  }
  for (const step of steps) step();
  return acknowledged();
}

function removedIndex(action: Json): string | undefined {
  const removal = isObject(action) ? action["remove_index"] : undefined;
  return isObject(removal) ? String(removal["index"]) : undefined;
}

/** By the ids that a search finds; each is deleted unless it changed since. */
function deleteByQuery(
  request: ClusterRequest,
  name: string,
  { catalog, nowMs }: { catalog: MemoryCatalog; nowMs: number },
): Executed {
  const [index] = catalog.find(name);
  if (index === undefined) return fail(missing(name));
  if (index.closed) return fail(closedIndex);
  const values = JSON.stringify(bodyOf(request)["query"] ?? {}).match(/"values":(\[[^\]]*\])/)?.[1] ?? "[]";
  const ids: ReadonlySet<string> = new Set(JSON.parse(values));
  const written: Executed["written"][number][] = [];
  for (const shard of index.shards) {
    for (const { id, routing, seqNo, term } of shard.searchable(nowMs)) {
      if (!ids.has(id)) continue;
      const result = shard.write(id, routing, undefined, { kind: "sequence", seqNo, term }, nowMs);
      if (result.kind === "done")
        written.push({ status: 200, members: "", replication: { shard, held: result.held } });
    }
  }
  return { answer: answerJson(200, { took: 1, deleted: written.length, failures: [] }), written };
}
