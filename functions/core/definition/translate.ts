import type { Incarnation } from "../replication/incarnation.ts";
import { incarnationAlias } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";

/** A JSON object whose members are not known. */
export type JsonObject = { readonly [name: string]: unknown };

/** An index as `GET /{index}?flat_settings=true` describes it. */
export interface IndexDefinition {
  readonly aliases: JsonObject;
  readonly mappings: JsonObject;
  readonly settings: JsonObject;
}

/**
 * Settings that are private to the cluster that made the index, not portable, or unsafe on a replica of
 * the truth (cluster-semantics, section 5). Matched as a whole name or as a prefix that ends in a dot.
 */
const notCarried = [
  "index.uuid",
  "index.creation_date",
  "index.provided_name",
  "index.version.",
  "index.resize.",
  "index.routing.allocation.",
  "index.search.throttled",
  "index.frozen",
  "index.verified_before_close",
  "index.history.uuid",
  "index.lifecycle.",
  "index.plugins.index_state_management.",
  "index.opendistro.",
  "index.default_pipeline",
  "index.final_pipeline",
  "index.blocks.",
  "index.number_of_routing_shards",
  "index.replication.type",
  "index.append_only.",
  "index.derived_source.",
  "index.mode",
  "index.mapping.source.mode",
  "index.mapping.total_fields.ignore_dynamic_beyond_limit",
];

/** What BACKUP's mapping remembers of the incarnation it stands for, under `_meta.understudy`. */
export interface IncarnationMark {
  readonly uuid: string;
  readonly createdMs: number;
  readonly shards: number;
  readonly routingShards: number;
  readonly partitionSize: number;
}

/** The mark for an incarnation. */
export function markOf(incarnation: Incarnation, layout: ShardLayout): IncarnationMark {
  return { uuid: incarnation.uuid, createdMs: incarnation.createdMs, ...layout };
}

/** PRIMARY's settings without what BACKUP must not get. */
export function portableSettings(settings: JsonObject): JsonObject {
  const kept = Object.entries(settings).filter(
    ([name]) => !notCarried.some((rule) => (rule.endsWith(".") ? name.startsWith(rule) : name === rule)),
  );
  return Object.fromEntries(kept);
}

/** PRIMARY's mapping with the incarnation's mark. */
export function markedMapping(mappings: JsonObject, mark: IncarnationMark): JsonObject {
  const meta = mappings["_meta"];
  const kept = typeof meta === "object" && meta !== null ? meta : {};
  return { ...mappings, _meta: { ...kept, understudy: mark } };
}

/**
 * The request that creates the index on BACKUP with PRIMARY's definition; its aliases are levelled after,
 * together with those of its neighbours. Documents are placed on shards
 * as on PRIMARY, so that the same id under two routings stays two documents.
 */
export function createRequest(definition: IndexDefinition, incarnation: Incarnation, layout: ShardLayout) {
  return {
    settings: {
      ...portableSettings(definition.settings),
      ...(layout.shards > 1 && { "index.number_of_routing_shards": layout.routingShards }),
    },
    mappings: markedMapping(definition.mappings, markOf(incarnation, layout)),
    aliases: { [incarnationAlias(incarnation.uuid)]: {} },
  };
}
