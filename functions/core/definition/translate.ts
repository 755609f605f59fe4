import type { Release } from "../cluster/release.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import { incarnationAlias } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";
import { type IncarnationMark, type IndexDefinition, isObject, type JsonObject } from "./index-definition.ts";
import { translateMappings } from "./translate-mappings.ts";
import { translateSettings, type Untranslated } from "./translate-settings.ts";

/** The mark for an incarnation. */
export function markOf(incarnation: Incarnation, layout: ShardLayout): IncarnationMark {
  return { uuid: incarnation.uuid, createdMs: incarnation.createdMs, ...layout };
}

/** PRIMARY's mapping with the incarnation's mark. */
export function markedMapping(mappings: JsonObject, mark: IncarnationMark): JsonObject {
  const meta = mappings["_meta"];
  return { ...mappings, _meta: { ...(isObject(meta) ? meta : {}), understudy: mark } };
}

/** An index's definition as BACKUP's release takes it, and what it loses; aliases are levelled apart. */
export interface TranslatedDefinition {
  readonly settings: JsonObject;
  readonly mappings: JsonObject;
  readonly untranslated: readonly Untranslated[];
}

/** On Elasticsearch 8.14 and newer: fields above the limit are stored without a mapping. */
const beyondLimit = "index.mapping.total_fields.ignore_dynamic_beyond_limit";

/** PRIMARY's settings and mapping for BACKUP's release. */
export function translateDefinition(
  source: Pick<IndexDefinition, "settings" | "mappings">,
  target: Release,
): TranslatedDefinition {
  const settings = translateSettings(source.settings, target);
  const mappings = translateMappings(source.mappings, target);
  // The fields that PRIMARY maps are on BACKUP first; with any other, a document would be above the limit.
  const capped = source.settings[beyondLimit] === "true" && !(beyondLimit in settings.definition);
  return {
    settings: settings.definition,
    mappings: capped ? { ...mappings.definition, dynamic: "false" } : mappings.definition,
    untranslated: [...settings.untranslated, ...mappings.untranslated],
  };
}

/** The body of the request that makes an index on BACKUP. */
export interface CreateRequest extends TranslatedDefinition {
  readonly aliases: JsonObject;
}

/**
 * The request that creates the index on BACKUP with PRIMARY's definition, translated for BACKUP's release;
 * its aliases are levelled after, together with those of its neighbours. Documents are placed on shards
 * as on PRIMARY, so that the same id under two routings stays two documents.
 */
export function createRequest(
  source: IndexDefinition,
  incarnation: Incarnation,
  layout: ShardLayout,
  target: Release,
): CreateRequest {
  const { settings, mappings, untranslated } = translateDefinition(source, target);
  return {
    settings: {
      ...settings,
      ...(layout.shards > 1 && { "index.number_of_routing_shards": layout.routingShards }),
    },
    mappings: markedMapping(mappings, markOf(incarnation, layout)),
    aliases: { [incarnationAlias(incarnation.uuid)]: {} },
    untranslated,
  };
}
