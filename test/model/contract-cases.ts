/** One request and the parts of its answer that must be so on the model and on the real servers. */
export interface Step {
  /** Method and path; `INDEX` stands for a name that only this case uses. */
  readonly request: string;
  readonly query?: string;
  /** JSON, or bulk lines when it is a list. */
  readonly body?: object;
  readonly status: number;
  /** Every member named here must be in the answer; lists are compared item by item. */
  readonly answer?: unknown;
  /** Let that much time pass first. */
  readonly afterMs?: number;
}

export interface ContractCase {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Products that behave otherwise. */
  readonly notOn?: "elasticsearch" | "opensearch";
}

const at = (id: string, more: object = {}) => ({ _index: "INDEX", _id: id, ...more });
const external = (version: number | string, type = "external") => ({
  version: String(version),
  version_type: type,
});
const bulk = (...lines: readonly object[]) => lines;
const items = (...list: readonly object[]) => ({ items: list });
const put = (body: object = {}): Step => ({ request: "PUT /INDEX", body, status: 200 });
const send = (lines: readonly object[], answer: unknown, more: Partial<Step> = {}): Step => ({
  request: "POST /_bulk",
  body: lines,
  status: 200,
  answer,
  ...more,
});
/** Takes an alias away, which has to be there, and its index with it. */
const removeWithAlias = (alias: string, expected: Pick<Step, "status" | "answer">): Step => ({
  request: "POST /_aliases",
  body: {
    actions: [{ remove: { index: "INDEX", alias, must_exist: true } }, { remove_index: { index: "INDEX" } }],
  },
  ...expected,
});
const get = (id: string, answer: object, query = ""): Step => ({
  request: "POST /_mget",
  query,
  body: { docs: [at(id)] },
  status: 200,
  answer: { docs: [answer] },
});
const conflict = { status: 409, error: { type: "version_conflict_engine_exception" } };

export const contractCases: readonly ContractCase[] = [
  {
    name: "internal writes number the operations of a shard one by one, a deletion of nothing included",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a") },
          { n: 1 },
          { delete: at("a") },
          { delete: at("b") },
          { create: at("a") },
          { n: 2 },
        ),
        items(
          {
            index: {
              _index: "INDEX",
              _id: "a",
              result: "created",
              _seq_no: 0,
              _primary_term: 1,
              _version: 1,
              status: 201,
            },
          },
          { delete: { result: "deleted", _seq_no: 1, _version: 2, status: 200 } },
          { delete: { result: "not_found", _seq_no: 2, _version: 1, status: 404 } },
          { create: { result: "created", _seq_no: 3, _version: 3, status: 201 } },
        ),
      ),
      send(bulk({ create: at("a") }, { n: 3 }, { index: at("a") }, { n: 4 }), {
        errors: true,
        ...items(
          { create: conflict },
          { index: { result: "updated", _seq_no: 4, _version: 4, status: 200 } },
        ),
      }),
    ],
  },
  {
    name: "an update merges, changes nothing, misses, and shows the resulting document",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a") },
          { n: 1, o: { x: 1 } },
          { update: at("a", { _source: true }) },
          { doc: { o: { y: 2 } } },
          { update: at("a", { _source: true }) },
          { doc: { n: 1 } },
          { update: at("z", { _source: true }) },
          { doc: { n: 1 } },
          { update: at("u", { _source: true }) },
          { doc: { n: 7 }, doc_as_upsert: true },
        ),
        items(
          { index: { _seq_no: 0 } },
          {
            update: {
              result: "updated",
              _seq_no: 1,
              get: { found: true, _source: { n: 1, o: { x: 1, y: 2 } } },
              status: 200,
            },
          },
          { update: { result: "noop", _seq_no: 1, get: { _source: { n: 1 } }, status: 200 } },
          { update: { status: 404, error: { type: "document_missing_exception" } } },
          { update: { result: "created", _seq_no: 2, get: { _source: { n: 7 } }, status: 201 } },
        ),
      ),
    ],
  },
  {
    name: "a write on a condition happens only at that sequence number and term",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a") },
          { n: 1 },
          { index: at("a", { if_seq_no: 7, if_primary_term: 1 }) },
          { n: 2 },
          { index: at("a", { if_seq_no: 0, if_primary_term: 1 }) },
          { n: 3 },
        ),
        items({ index: { _seq_no: 0 } }, { index: conflict }, { index: { _seq_no: 1, status: 200 } }),
      ),
    ],
  },
  {
    name: "external versions: lower and equal conflict, a deletion is remembered, `external_gte` takes the equal one",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a", external(5)) },
          { n: 5 },
          { index: at("a", external(5)) },
          { n: 5 },
          { index: at("a", external(4)) },
          { n: 4 },
          { delete: at("a", external(6)) },
          { index: at("a", external(5)) },
          { n: 5 },
          { delete: at("a", external(6)) },
          { delete: at("new", external(3)) },
          { index: at("new", external(3)) },
          { n: 3 },
          { index: at("new", external(3, "external_gte")) },
          { n: 3 },
        ),
        items(
          { index: { status: 201, _version: 5 } },
          { index: conflict },
          { index: conflict },
          { delete: { status: 200, result: "deleted", _version: 6 } },
          { index: conflict },
          { delete: conflict },
          { delete: { status: 404, result: "not_found" } },
          { index: conflict },
          { index: { status: 201 } },
        ),
      ),
      get("a", { found: false }),
      get("new", { found: true, _version: 3, _source: { n: 3 } }),
    ],
  },
  {
    name: "an external version above 2^53 is kept to the digit",
    steps: [
      put(),
      send(bulk({ index: at("a", external("4611686018427387903")) }, { n: 1 }), { errors: false }),
      send(
        bulk(
          { index: at("a", external("4611686018427387902")) },
          { n: 2 },
          { delete: at("a", external("4611686018427387904")) },
        ),
        items({ index: conflict }, { delete: { status: 200 } }),
      ),
    ],
  },
  {
    name: "an internal write on top of an external version adds one",
    steps: [
      put(),
      send(
        bulk({ index: at("a", external(100)) }, { n: 1 }, { index: at("a") }, { n: 2 }),
        items({ index: { _version: 100 } }, { index: { _version: 101 } }),
      ),
    ],
  },
  {
    name: "a deletion is forgotten after index.gc_deletes: a late document comes back",
    steps: [
      put({ settings: { "index.gc_deletes": "100ms" } }),
      send(bulk({ index: at("a", external(5)) }, { n: 5 }, { delete: at("a", external(6)) }), {
        errors: false,
      }),
      send(bulk({ index: at("a", external(5)) }, { n: 5 }), items({ index: { status: 201 } }), {
        afterMs: 2500,
      }),
    ],
  },
  {
    name: "an update keeps the document's routing, and its answer does not show it",
    steps: [
      put({ settings: { "index.number_of_shards": 1 } }),
      send(bulk({ index: at("a", { routing: "r" }) }, { n: 1 }), { errors: false }),
      send(
        bulk({ update: at("a") }, { doc: { u: 1 } }),
        items({ update: { status: 200, result: "updated" } }),
      ),
      get("a", { found: true, _routing: "r", _source: { n: 1, u: 1 } }),
    ],
  },
  {
    name: "a closed index is neither read nor searched, and its definition is shown",
    steps: [
      put({ settings: { "index.number_of_shards": 1 } }),
      send(bulk({ index: at("a") }, { n: 1 }), { errors: false }),
      { request: "POST /INDEX/_close", status: 200 },
      get("a", { error: { type: "index_closed_exception" } }),
      { request: "POST /INDEX/_search", body: {}, status: 400, answer: { status: 400 } },
      { request: "GET /INDEX/_stats", query: "level=shards", status: 400, answer: { status: 400 } },
      { request: "POST /INDEX/_refresh", status: 400, answer: { status: 400 } },
      { request: "GET /INDEX", status: 200 },
      { request: "POST /INDEX/_open", status: 200 },
      get("a", { found: true, _source: { n: 1 } }),
    ],
  },
  {
    name: "a deletion is forgotten when the index is closed and opened; a document's version is not",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a", external(5)) },
          { n: 5 },
          { delete: at("a", external(6)) },
          { index: at("b", external(5)) },
          { n: 5 },
        ),
        { errors: false },
      ),
      { request: "POST /INDEX/_close", status: 200 },
      send(
        bulk({ index: at("a", external(7)) }, { n: 7 }),
        items({ index: { status: 400, error: { type: "index_closed_exception" } } }),
      ),
      { request: "POST /INDEX/_open", query: "wait_for_active_shards=1", status: 200 },
      send(
        bulk({ index: at("a", external(5)) }, { n: 5 }, { index: at("b", external(4)) }, { n: 4 }),
        items({ index: { status: 201 } }, { index: conflict }),
        { afterMs: 300 },
      ),
    ],
  },
  {
    name: "one bad action line refuses the whole request",
    steps: [
      put(),
      {
        request: "POST /_bulk",
        body: bulk({ index: at("a") }, { n: 1 }, { create: at("b", external(5)) }, { n: 2 }),
        status: 400,
      },
      {
        request: "POST /_bulk",
        body: bulk(
          { index: at("a") },
          { n: 1 },
          { index: at("b", { version: "-1", version_type: "external" }) },
          { n: 2 },
        ),
        status: 400,
      },
      get("a", { found: false }),
    ],
  },
  {
    name: "a name with capital letters is refused item by item; so is a write to an alias that is gone",
    steps: [
      send(
        bulk(
          { index: { _index: "Upper-INDEX", _id: "a", ...external(5) } },
          { n: 1 },
          { delete: { _index: "Upper-INDEX", _id: "a", ...external(5) } },
        ),
        items(
          { index: { status: 400, error: { type: "invalid_index_name_exception" } } },
          { delete: { status: 400, error: { type: "invalid_index_name_exception" } } },
        ),
      ),
    ],
  },
  {
    name: "an alias adds its routing, and an item answers with the concrete index",
    steps: [
      put({ settings: { number_of_shards: 5 }, aliases: { "alias-INDEX": { routing: "r1" } } }),
      send(
        bulk({ index: { _index: "alias-INDEX", _id: "d0" } }, { n: 1 }),
        items({ index: { _index: "INDEX", status: 201 } }),
      ),
      {
        request: "POST /_mget",
        body: {
          docs: [
            { _index: "alias-INDEX", _id: "d0" },
            { _index: "INDEX", _id: "d0", routing: "r1" },
            { _index: "alias-INDEX", _id: "none" },
          ],
        },
        status: 200,
        answer: {
          docs: [
            { _index: "INDEX", found: true, _routing: "r1" },
            { found: true },
            { _index: "INDEX", found: false },
          ],
        },
      },
      send(
        bulk({ index: { _index: "alias-INDEX", _id: "d0", routing: "r2" } }, { n: 1 }),
        items({ index: { status: 400, error: { type: "illegal_argument_exception" } } }),
      ),
      {
        request: "GET /INDEX",
        query: "filter_path=*.aliases.*.index_routing",
        status: 200,
        answer: { INDEX: { aliases: { "alias-INDEX": { index_routing: "r1" } } } },
      },
    ],
  },
  {
    name: "the same id under two routings is two documents, each in its shard's own numbers",
    steps: [
      put({ settings: { number_of_shards: 5, number_of_routing_shards: 5 } }),
      send(
        bulk({ index: at("a", { routing: "a" }) }, { n: 1 }, { index: at("a", { routing: "b" }) }, { n: 2 }),
        items({ index: { result: "created", _seq_no: 0 } }, { index: { result: "created", _seq_no: 0 } }),
      ),
      {
        request: "POST /_mget",
        body: { docs: [at("a", { routing: "a" }), at("a", { routing: "b" }), at("a", { routing: "d" })] },
        status: 200,
        answer: { docs: [{ _source: { n: 1 } }, { _source: { n: 2 } }, { found: false }] },
      },
    ],
  },
  {
    name: "dynamic mapping follows the order of the documents",
    steps: [
      put(),
      send(
        bulk(
          { index: at("a") },
          { x: 5, o: { y: true } },
          { index: at("b") },
          { x: "abc" },
          { index: at("c") },
          { o: 1 },
          { index: at("d") },
          { x: "7" },
        ),
        {
          errors: true,
          ...items(
            { index: { status: 201 } },
            { index: { status: 400, error: { type: "mapper_parsing_exception" } } },
            { index: { status: 400, error: { type: "mapper_parsing_exception" } } },
            { index: { status: 201 } },
          ),
        },
      ),
      {
        request: "GET /INDEX",
        status: 200,
        answer: {
          INDEX: {
            mappings: { properties: { x: { type: "long" }, o: { properties: { y: { type: "boolean" } } } } },
          },
        },
      },
      {
        request: "PUT /INDEX/_mapping",
        body: { properties: { x: { type: "text" } } },
        status: 400,
        answer: { error: { type: "illegal_argument_exception" } },
      },
      {
        request: "PUT /INDEX/_mapping",
        body: { _meta: { m: 1 }, properties: { k: { type: "keyword" } } },
        status: 200,
      },
      {
        request: "GET /INDEX",
        status: 200,
        answer: {
          INDEX: {
            mappings: { _meta: { m: 1 }, properties: { k: { type: "keyword" }, x: { type: "long" } } },
          },
        },
      },
    ],
  },
  {
    name: "a document that does not fit is refused before its version is looked at",
    steps: [
      put({ mappings: { properties: { x: { type: "long" } } } }),
      send(
        bulk({ index: at("a", external(9)) }, { x: 1 }, { index: at("a", external(3)) }, { x: "abc" }),
        items({ index: { status: 201 } }, { index: { status: 400 } }),
      ),
    ],
  },
  {
    name: "a strict mapping refuses a new field",
    steps: [
      put({ mappings: { dynamic: "strict", properties: { x: { type: "long" } } } }),
      send(
        bulk({ index: at("a") }, { y: 1 }),
        items({ index: { status: 400, error: { type: "strict_dynamic_mapping_exception" } } }),
      ),
    ],
  },
  {
    name: "an index that exists is not created again, one that is gone is not found, a new life has a new UUID and starts at 0",
    steps: [
      put(),
      {
        request: "PUT /INDEX",
        body: {},
        status: 400,
        answer: { error: { type: "resource_already_exists_exception" } },
      },
      send(bulk({ index: at("a") }, { n: 1 }), items({ index: { _seq_no: 0 } })),
      { request: "DELETE /INDEX", status: 200 },
      { request: "DELETE /INDEX", status: 404, answer: { error: { type: "index_not_found_exception" } } },
      { request: "GET /INDEX", status: 404 },
      {
        request: "GET /INDEX",
        query: "ignore_unavailable=true&allow_no_indices=true&flat_settings=true&expand_wildcards=all",
        status: 200,
        answer: {},
      },
      {
        request: "GET /_cluster/state/metadata/INDEX",
        query: "ignore_unavailable=true&filter_path=metadata.indices.*.mapping_version",
        status: 200,
        answer: {},
      },
      get("a", { error: { type: "index_not_found_exception" } }),
      put(),
      send(bulk({ index: at("a") }, { n: 1 }), items({ index: { _seq_no: 0, _version: 1 } })),
    ],
  },
  {
    name: "an index is created by the first write to it, by an external deletion too, not by a plain one",
    steps: [
      send(
        bulk({ delete: at("a") }),
        items({ delete: { status: 404, error: { type: "index_not_found_exception" } } }),
      ),
      { request: "GET /INDEX", status: 404 },
      send(bulk({ delete: at("a", external(5)) }), items({ delete: { status: 404, result: "not_found" } })),
      { request: "GET /INDEX", status: 200 },
    ],
  },
  {
    name: "the cluster's state and the statistics say how far an index is",
    steps: [
      put({ settings: { number_of_replicas: 0 } }),
      send(bulk({ index: at("a") }, { n: 1 }, { delete: at("b") }), {
        errors: false,
        ...items({ index: { _seq_no: 0 } }, { delete: { _seq_no: 1 } }),
      }),
      {
        request: "GET /INDEX/_stats",
        query: "level=shards&filter_path=indices.*.shards.*.seq_no,indices.*.shards.*.routing",
        status: 200,
        answer: {
          indices: {
            INDEX: {
              shards: {
                0: [{ routing: { primary: true }, seq_no: { max_seq_no: 1, global_checkpoint: 1 } }],
              },
            },
          },
        },
      },
      {
        request: "GET /_cluster/state/metadata/INDEX",
        query:
          "filter_path=metadata.indices.*.primary_terms,metadata.indices.*.routing_num_shards,metadata.indices.*.settings.index.number_of_shards",
        status: 200,
        answer: {
          metadata: {
            indices: {
              INDEX: {
                primary_terms: { 0: 1 },
                routing_num_shards: 1024,
                settings: { index: { number_of_shards: "1" } },
              },
            },
          },
        },
      },
    ],
  },
  {
    name: "a page of a shard shows what was refreshed, above a sequence number, in its order",
    steps: [
      put({ settings: { refresh_interval: "-1" } }),
      send(bulk({ index: at("a") }, { n: 1 }, { index: at("b") }, { n: 2 }, { index: at("a") }, { n: 3 }), {
        errors: false,
      }),
      { request: "POST /INDEX/_refresh", status: 200 },
      send(bulk({ index: at("c") }, { n: 4 }), { errors: false }),
      {
        request: "POST /INDEX/_search",
        query: "preference=_shards:0",
        body: {
          size: 10,
          query: { range: { _seq_no: { gt: -1 } } },
          sort: [{ _seq_no: "asc" }],
          seq_no_primary_term: true,
          _source: false,
          track_total_hits: false,
        },
        status: 200,
        answer: {
          timed_out: false,
          _shards: { failed: 0 },
          hits: {
            hits: [
              { _id: "b", _seq_no: 1, _primary_term: 1 },
              { _id: "a", _seq_no: 2 },
            ],
          },
        },
      },
    ],
  },
  {
    name: "blocks refuse writes, each in its own words",
    steps: [
      put(),
      { request: "PUT /INDEX/_settings", body: { "index.blocks.write": true }, status: 200 },
      send(
        bulk({ index: at("a") }, { n: 1 }, { delete: at("a") }),
        items(
          { index: { status: 403, error: { type: "cluster_block_exception" } } },
          { delete: { status: 403 } },
        ),
      ),
      {
        request: "PUT /INDEX/_settings",
        body: { "index.blocks.write": false, "index.blocks.read_only_allow_delete": true },
        status: 200,
      },
      send(
        bulk({ index: at("a") }, { n: 1 }),
        items({ index: { status: 429, error: { type: "cluster_block_exception" } } }),
      ),
      { request: "PUT /INDEX/_settings", body: { "index.blocks.read_only_allow_delete": null }, status: 200 },
      send(bulk({ index: at("a") }, { n: 1 }), items({ index: { status: 201 } })),
    ],
  },
  {
    name: "a setting that is final is refused",
    steps: [
      put(),
      {
        request: "PUT /INDEX/_settings",
        body: { "index.number_of_shards": 3 },
        status: 400,
        answer: { error: { type: "illegal_argument_exception" } },
      },
    ],
  },
  {
    name: "an alias and its index do not go in one step: the index is gone before the alias is looked for",
    notOn: "elasticsearch",
    steps: [
      put({ aliases: { "Alias-INDEX": {} } }),
      removeWithAlias("Other-INDEX", {
        status: 404,
        answer: { error: { type: "aliases_not_found_exception" } },
      }),
      { request: "GET /INDEX", status: 200 },
      removeWithAlias("Alias-INDEX", {
        status: 404,
        answer: { error: { type: "index_not_found_exception" } },
      }),
      { request: "GET /INDEX", status: 200 },
    ],
  },
  {
    name: "a name is an index or an alias, never both",
    steps: [
      put({ aliases: { "alias-INDEX": {} } }),
      {
        request: "PUT /alias-INDEX",
        body: {},
        status: 400,
        answer: { error: { type: "invalid_index_name_exception" } },
      },
      { request: "PUT /other-INDEX", body: { aliases: { INDEX: {} } }, status: 400 },
      { request: "PUT /third-INDEX", body: {}, status: 200 },
      {
        request: "POST /_aliases",
        body: { actions: [{ add: { index: "third-INDEX", alias: "INDEX" } }] },
        status: 400,
        answer: { error: { type: "invalid_alias_name_exception" } },
      },
    ],
  },
  {
    name: "a pipeline that is missing refuses the document; `_none` keeps the default one away; deletions know none",
    steps: [
      put({ settings: { "index.default_pipeline": "missing" } }),
      send(
        bulk(
          { index: at("a") },
          { n: 1 },
          { index: at("a", { pipeline: "_none" }) },
          { n: 1 },
          { delete: at("b") },
        ),
        items(
          { index: { status: 400, error: { type: "illegal_argument_exception" } } },
          { index: { status: 201 } },
          { delete: { status: 404 } },
        ),
      ),
    ],
  },
  {
    name: "single-document requests answer as bulk items do, with the status outside",
    steps: [
      put(),
      {
        request: "PUT /INDEX/_doc/a",
        body: { n: 1 },
        status: 201,
        answer: { _index: "INDEX", _id: "a", result: "created", _seq_no: 0, _primary_term: 1 },
      },
      {
        request: "PUT /INDEX/_create/a",
        body: { n: 1 },
        status: 409,
        answer: { error: { type: "version_conflict_engine_exception" } },
      },
      {
        request: "PUT /INDEX/_doc/b",
        query: "op_type=create",
        body: { n: 1 },
        status: 201,
        answer: { result: "created" },
      },
      {
        request: "POST /INDEX/_update/a",
        body: { doc: { m: 2 }, _source: true },
        status: 200,
        answer: { result: "updated", get: { _source: { n: 1, m: 2 } } },
      },
      {
        request: "POST /INDEX/_update/z",
        body: { doc: { m: 2 } },
        status: 404,
        answer: { error: { type: "document_missing_exception" } },
      },
      { request: "DELETE /INDEX/_doc/a", status: 200, answer: { result: "deleted", _seq_no: 3 } },
      { request: "DELETE /INDEX/_doc/a", status: 404, answer: { result: "not_found", _seq_no: 4 } },
    ],
  },
  {
    name: "only what filter_path names is answered, of errors and items alike",
    steps: [
      put(),
      {
        request: "POST /_bulk",
        query: "filter_path=errors,items.*.status,items.*.error.type",
        body: bulk({ index: at("a", external(5)) }, { n: 1 }, { index: at("a", external(5)) }, { n: 1 }),
        status: 200,
        answer: {
          errors: true,
          items: [
            { index: { status: 201 } },
            { index: { status: 409, error: { type: "version_conflict_engine_exception" } } },
          ],
        },
      },
    ],
  },
];
