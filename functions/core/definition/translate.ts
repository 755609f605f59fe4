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

/** The body of the request that makes an index on BACKUP. */
export interface CreateRequest {
  readonly settings: JsonObject;
  readonly mappings: JsonObject;
  readonly aliases: JsonObject;
  readonly untranslated: readonly Untranslated[];
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
  const settings = translateSettings(source.settings, target);
  const mappings = translateMappings(source.mappings, target);
  return {
    settings: {
      ...settings.definition,
      ...(layout.shards > 1 && { "index.number_of_routing_shards": layout.routingShards }),
    },
    mappings: markedMapping(mappings.definition, markOf(incarnation, layout)),
    aliases: { [incarnationAlias(incarnation.uuid)]: {} },
    untranslated: [...settings.untranslated, ...mappings.untranslated],
  };
}
