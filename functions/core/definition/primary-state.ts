import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";
import { segment } from "../routing/path.ts";

/** What PRIMARY says of one index now. */
export interface PrimaryState {
  readonly incarnation: Incarnation;
  readonly layout: ShardLayout;
  /** Grows with every change of the mapping, so equal numbers mean an equal mapping. */
  readonly mappingVersion: number;
  /** Primary term of each shard. */
  readonly terms: Readonly<Record<string, number>>;
}

const stateSchema = v.object({
  metadata: v.optional(
    v.object({
      indices: v.optional(
        v.record(
          v.string(),
          v.object({
            mapping_version: v.optional(v.number(), 0),
            routing_num_shards: v.optional(v.number()),
            primary_terms: v.optional(v.record(v.string(), v.number()), {}),
            settings: v.object({
              index: v.object({
                uuid: v.string(),
                creation_date: v.string(),
                number_of_shards: v.string(),
                routing_partition_size: v.optional(v.string(), "1"),
              }),
            }),
          }),
        ),
        {},
      ),
    }),
  ),
});

const wanted = [
  "mapping_version",
  "routing_num_shards",
  "primary_terms",
  "settings.index.uuid",
  "settings.index.creation_date",
  "settings.index.number_of_shards",
  "settings.index.routing_partition_size",
].map((field) => `metadata.indices.*.${field}`);

/**
 * The present state of the named indices, by name; an index that PRIMARY does not have is absent.
 * One small request, made for each replayed batch: a record's mapping is on PRIMARY before the record
 * is queued, so the versions read here cover every document of the batch.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function readPrimaryState(
  primary: Cluster,
  indices: readonly string[],
): Promise<ReadonlyMap<string, PrimaryState>> {
  const answer = await ask(primary, {
    method: "GET",
    path: `/_cluster/state/metadata/${indices.map(segment).join(",")}`,
    query: `filter_path=${wanted.join(",")}&expand_wildcards=open,closed&ignore_unavailable=true`,
  });
  const states = new Map<string, PrimaryState>();
  if (answer.status === 404) return states;
  const found = readJson(primary, stateSchema, answer).metadata?.indices ?? {};
  for (const [index, state] of Object.entries(found)) {
    const { uuid, creation_date, number_of_shards, routing_partition_size } = state.settings.index;
    const shards = Number(number_of_shards);
    states.set(index, {
      incarnation: { index, uuid, createdMs: Number(creation_date) },
      layout: {
        shards,
        routingShards: state.routing_num_shards ?? shards,
        partitionSize: Number(routing_partition_size),
      },
      mappingVersion: state.mapping_version,
      terms: state.primary_terms,
    });
  }
  return states;
}
