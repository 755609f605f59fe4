import { clusterRules } from "./cluster-table.ts";
import type { HandleRule, Rule, Treatment } from "./endpoint.ts";

/**
 * Every endpoint that the gateway treats in a way of its own, from the published specifications of Elasticsearch
 * 7.10 to 9 and OpenSearch 1 to 3 (`test/unit/routing-published.test.ts` compares). What is not here goes to
 * PRIMARY and is neither replicated nor fallen back.
 */
const documents: readonly Rule[] = [
  ...rules({ kind: "bulk" }, ["POST PUT (/{index})/_bulk(/stream)", "POST PUT /{index}/{type}/_bulk"]),
  ...rules({ kind: "bulk-or-document" }, ["POST PUT /{index}/_doc/_bulk"]),
  ...rules({ kind: "document", action: "index" }, [
    "POST /{index}/_doc",
    "POST PUT /{index}/_doc/{id}",
    // `_type`s, up to Elasticsearch 7.
    "POST /{index}/{type}",
    "POST PUT /{index}/{type}/{id}",
  ]),
  ...rules({ kind: "document", action: "create" }, [
    "POST PUT /{index}/_create/{id}",
    "POST PUT /{index}/_doc/{id}/_create",
    "POST PUT /{index}/{type}/{id}/_create",
  ]),
  ...rules({ kind: "document", action: "update" }, [
    "POST /{index}/_update/{id}",
    "POST /{index}/_doc/{id}/_update",
    "POST /{index}/{type}/{id}/_update",
  ]),
  ...rules({ kind: "document", action: "delete" }, [
    "DELETE /{index}/_doc/{id}",
    "DELETE /{index}/{type}/{id}",
  ]),
  ...rules({ kind: "by-query", pattern: "index" }, [
    "POST /{index}(/{type})/_update_by_query",
    "POST /{index}(/{type})/_delete_by_query",
  ]),
  // The body says where to, or only the cluster knows.
  ...rules({ kind: "by-query", pattern: "*" }, [
    "POST /_reindex",
    "POST /_snapshot/{repository}/{snapshot}/_restore",
    "POST /_snapshot/{repository}/{snapshot}/_mount",
    "POST /_remotestore/_restore",
  ]),
];

/** Changes of indices, aliases and data streams. */
const indices: readonly Rule[] = [
  ...rules({ kind: "definition", pattern: "index" }, [
    "PUT DELETE /{index}",
    "PUT POST /{index}/_mapping(s)(/{type})",
    "PUT POST /{index}/{type}/_mapping(s)",
    "PUT /{index}/_settings",
    "PUT POST DELETE /{index}/_alias(es)(/{name})",
    "PUT DELETE /{index}/_block/{block}",
    "POST /{index}/_close",
    "POST /{index}/_open",
  ]),
  ...rules({ kind: "definition", pattern: "*" }, [
    "POST /_aliases",
    "PUT POST /_mapping(s)/{type}",
    "PUT /_settings",
    "PUT POST /_alias(/{name})",
    "POST /_dangling/{uuid}",
    "POST /_data_stream/_modify",
    "POST /{index}/_rollover(/{target})",
  ]),
  ...rules({ kind: "definition", pattern: "target" }, [
    "PUT POST /{index}/_shrink/{target}",
    "PUT POST /{index}/_split/{target}",
    "PUT POST /{index}/_clone/{target}",
    "POST /{index}/_downsample/{target}",
    "PUT POST /_create_from/{source}/{target}",
  ]),
  ...rules({ kind: "definition", pattern: "stream" }, [
    "PUT DELETE /_data_stream/{stream}",
    "POST /_data_stream/_migrate/{stream}",
    "POST /_data_stream/_promote/{stream}",
    "PUT /_data_stream/{stream}/_settings",
    "PUT /_data_stream/{stream}/_mappings",
  ]),
];

const scroll: HandleRule = { handle: "scroll", brought: [], given: ["_scroll_id"] };
const pit: HandleRule = { handle: "pit", brought: ["body pit.id"], given: ["pit_id"] };
const pits: HandleRule = { handle: "pit", brought: ["lines pit.id"], given: ["responses.pit_id"] };
const cursor: HandleRule = { handle: "sql-cursor", brought: ["body cursor"], given: ["cursor", "id"] };

const reads: readonly Rule[] = [
  ...rules({ kind: "read", handles: [scroll, pit] }, ["GET POST (/{index}(/{type}))/_search"]),
  ...rules({ kind: "read", handles: [scroll] }, ["GET POST (/{index}(/{type}))/_search/template"]),
  ...rules({ kind: "read", handles: [pits] }, ["GET POST (/{index}(/{type}))/_msearch(/template)"]),
  ...rules({ kind: "read", handles: [cursor] }, [
    "GET POST /_sql",
    "POST /_plugins/_sql",
    "POST /_opendistro/_sql",
  ]),
  ...rules({ kind: "read", handles: [] }, [
    // Clients look here for the product before their first search.
    "GET /",
    "GET POST (/{index}(/{type}))/_count",
    "GET POST (/{index}(/{type}))/_mget",
    "GET POST (/{index}(/{type}))/_validate/query",
    "GET POST (/{index}(/{type}))/_mtermvectors",
    "GET POST /{index}(/{type})/_termvectors(/{id})",
    "GET POST /{index}(/{type})/_explain/{id}",
    "GET POST /{index}/{type}/{id}/_explain",
    "GET POST /{index}/{type}/{id}/_termvectors",
    "GET POST (/{index})/_field_caps",
    "GET POST (/{index})/_analyze",
    "GET POST (/{index})/_rank_eval",
    "GET POST (/{index})/_search_shards",
    "GET POST (/{index})/_knn_search",
    "GET POST (/{index})/_fleet/_fleet_msearch",
    "GET POST /{index}/_fleet/_fleet_search",
    "GET POST /{index}/_terms_enum",
    "GET POST /{index}/_mvt/{field}/{zoom}/{x}/{y}",
    "GET POST /{index}(/{type})/_graph/explore",
    "GET POST /_render/template(/{id})",
    "GET POST /_scripts/painless/_execute",
    "GET POST /_sql/translate",
    "POST /_query",
    "POST /_plugins/_sql/_explain",
    "POST /_plugins/_ppl(/_explain)",
    "GET /{index}/_doc/{id}",
    "GET /{index}/_source/{id}",
    "GET /{index}/{type}/{id}",
    "GET /{index}/{type}/{id}/_source",
    // BACKUP's indices and aliases are PRIMARY's; its own are named `understudy-*`.
    "GET /{index}",
    "GET (/{index})/_mapping(/{type})",
    "GET (/{index})/_mapping/field/{fields}",
    "GET (/{index})/_mapping/{type}/field/{fields}",
    "GET (/{index})/_settings(/{name})",
    "GET (/{index})/_alias(/{name})",
    "GET POST /_resolve/index/{name}",
    // The only one of its kind that is about documents.
    "GET /_cat/count(/{index})",
  ]),
];

const handles: readonly Rule[] = [
  ...handle(
    "use",
    { handle: "scroll", brought: ["query scroll_id", "body scroll_id"], given: ["_scroll_id"] },
    ["GET POST /_search/scroll"],
  ),
  ...handle(
    "use",
    { handle: "scroll", brought: ["path scroll_id", "body scroll_id"], given: ["_scroll_id"] },
    ["GET POST /_search/scroll/{scroll_id}"],
  ),
  ...handle("close", { handle: "scroll", brought: ["query scroll_id", "body scroll_id"], given: [] }, [
    "DELETE /_search/scroll",
  ]),
  ...handle("close", { handle: "scroll", brought: ["path scroll_id", "body scroll_id"], given: [] }, [
    "DELETE /_search/scroll/{scroll_id}",
  ]),
  ...handle("open", { handle: "pit", brought: [], given: ["id"] }, ["POST /{index}/_pit"]),
  ...handle("close", { handle: "pit", brought: ["body id"], given: [] }, ["DELETE /_pit"]),
  ...handle("open", { handle: "pit", brought: [], given: ["pit_id"] }, [
    "POST /{index}/_search/point_in_time",
  ]),
  ...handle("close", { handle: "pit", brought: ["body pit_id"], given: ["pits.pit_id"] }, [
    "DELETE /_search/point_in_time",
  ]),
  ...handle("list", { handle: "pit", brought: [], given: ["pits.pit_id"] }, [
    "GET DELETE /_search/point_in_time/_all",
  ]),
  ...handle("close", { handle: "sql-cursor", brought: ["body cursor"], given: [] }, [
    "POST /_sql/close",
    "POST /_plugins/_sql/close",
    "POST /_opendistro/_sql/close",
  ]),
  ...asynchronous(
    "async-search",
    ["POST (/{index})/_async_search"],
    "/_async_search",
    "/_async_search/status/{id}",
  ),
  ...asynchronous("async-search", ["POST /_plugins/_asynchronous_search"], "/_plugins/_asynchronous_search"),
  ...asynchronous("async-eql", ["GET POST /{index}/_eql/search"], "/_eql/search", "/_eql/search/status/{id}"),
  ...asynchronous("async-query", ["POST /_query/async"], "/_query/async"),
  ...handle("use", { handle: "async-query", brought: ["path id"], given: ["id"] }, [
    "POST /_query/async/{id}/stop",
  ]),
  ...handle("use", { handle: "async-sql", brought: ["path id"], given: ["cursor", "id"] }, [
    "GET /_sql/async/{id}",
    "GET /_sql/async/status/{id}",
  ]),
  ...handle("close", { handle: "async-sql", brought: ["path id"], given: [] }, [
    "DELETE /_sql/async/delete/{id}",
  ]),
];

/** All rules. */
export const table: readonly Rule[] = [...documents, ...indices, ...reads, ...handles, ...clusterRules];

function rules(treatment: Treatment, routes: readonly string[]): readonly Rule[] {
  return routes.map((route) => ({ route, treatment }));
}

function handle(
  does: "open" | "use" | "close" | "list",
  use: HandleRule,
  routes: readonly string[],
): readonly Rule[] {
  return rules({ kind: "handle", does, handles: [use] }, routes);
}

/** A search that may outlive its request: its answers have the `id` by which it is asked for and ended. */
function asynchronous(
  kind: HandleRule["handle"],
  opens: readonly string[],
  at: string,
  ...status: readonly string[]
): readonly Rule[] {
  const given = ["id", "response.pit_id"];
  const named: HandleRule = { handle: kind, brought: ["path id"], given };
  return [
    ...handle("open", { handle: kind, brought: ["body pit.id"], given }, opens),
    ...handle("use", named, [`GET ${at}/{id}`, ...status.map((path) => `GET ${path}`)]),
    ...handle("close", { ...named, given: [] }, [`DELETE ${at}/{id}`]),
  ];
}
