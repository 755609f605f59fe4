import { createHash } from "node:crypto";
import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, readJson } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";
import { hasTypes } from "../cluster/release.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";
import { readInPages } from "./name-pages.ts";

/** What PRIMARY says of one index now. */
export interface PrimaryState {
  readonly incarnation: Incarnation;
  readonly layout: ShardLayout;
  /**
   * Grows with every change of the mapping, so equal numbers mean an equal mapping. Elasticsearch 6 does not
   * tell it: there it is the mapping's fingerprint.
   */
  readonly mappingVersion: number | string;
  /** Primary term of each shard. */
  readonly terms: Readonly<Record<string, number>>;
}

const metadataSchema = v.object({
  mapping_version: v.optional(v.number()),
  mappings: v.optional(v.unknown()),
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
});
const stateSchema = v.object({
  // Always there: another server's JSON is no state without indices.
  cluster_name: v.string(),
  blocks: v.optional(v.object({ global: v.optional(v.record(v.string(), v.unknown()), {}) }), {}),
  metadata: v.optional(v.object({ indices: v.optional(byName(metadataSchema)) })),
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

/** Blocks under which the state says nothing: 1 "state not recovered", 2 "no master" (their ids are fixed). */
const unknowingBlocks = ["1", "2"];

/**
 * The present state of the named indices, by name; an index that PRIMARY does not have is absent.
 * One small request, made for each replayed batch: a record's mapping is on PRIMARY before the record
 * is queued, so the versions read here cover every document of the batch.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say; a cluster that is only just starting
 * knows no index at all, and that is not the same as having none.
 */
export function readPrimaryState(
  primary: Cluster,
  indices: readonly string[],
): Promise<ReadonlyMap<string, PrimaryState>> {
  return readInPages(indices, (names) => readPage(primary, names));
}

async function readPage(primary: Cluster, names: string): Promise<ReadonlyMap<string, PrimaryState>> {
  const fields = hasTypes(await primary.release()) ? [...wanted, "metadata.indices.*.mappings"] : wanted;
  const answer = await ask(primary, {
    method: "GET",
    path: `/_cluster/state/metadata,blocks/${names}`,
    query: `filter_path=cluster_name,blocks.global,${fields.join(",")}&expand_wildcards=open,closed&ignore_unavailable=true`,
  });
  const states = new Map<string, PrimaryState>();
  if (answer.status === 404) return states;
  const { blocks, metadata } = readJson(primary, stateSchema, answer);
  if (unknowingBlocks.some((id) => blocks.global[id] !== undefined)) {
    throw new ClusterError(primary.name, "refused", "it has no recovered state or no elected master");
  }
  for (const [index, state] of metadata?.indices ?? []) {
    states.set(index, stateOf(index, state));
  }
  return states;
}

type IndexMetadata = v.InferOutput<typeof metadataSchema>;

function stateOf(index: string, state: IndexMetadata): PrimaryState {
  const { uuid, creation_date, number_of_shards, routing_partition_size } = state.settings.index;
  const shards = Number(number_of_shards);
  return {
    incarnation: { index, uuid, createdMs: Number(creation_date) },
    layout: {
      shards,
      routingShards: state.routing_num_shards ?? shards,
      partitionSize: Number(routing_partition_size),
    },
    mappingVersion: state.mapping_version ?? fingerprint(state.mappings),
    terms: state.primary_terms,
  };
}

function fingerprint(mappings: unknown): number | string {
  if (mappings === undefined) return 0;
  return createHash("sha256").update(JSON.stringify(mappings)).digest("base64url");
}
