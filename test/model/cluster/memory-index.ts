import { shardOf } from "../../../functions/core/replication/shard.ts";
import { type Failure, isObject, type Json, type JsonObject } from "./json.ts";
import { createMapping, type MemoryMapping } from "./memory-mapping.ts";
import { createShard, type MemoryShard } from "./memory-shard.ts";

/** One index of the model: its metadata and its shards. */
export interface MemoryIndex {
  readonly name: string;
  readonly uuid: string;
  readonly createdMs: number;
  readonly mapping: MemoryMapping;
  readonly shards: readonly MemoryShard[];
  readonly routingShards: number;
  /** Flat, with the `index.` prefix, values as text. */
  readonly settings: Map<string, string>;
  /** By alias. */
  readonly aliases: Map<string, JsonObject>;
  closed: boolean;
  shardFor(id: string, routing: string | undefined): MemoryShard;
}

export interface IndexRequest {
  readonly settings: ReadonlyMap<string, string>;
  readonly mappings: JsonObject;
  readonly aliases: ReadonlyMap<string, JsonObject>;
}

/** As the product chooses it: shards times the power of two that stays at or below 1024. */
function defaultRoutingShards(shards: number): number {
  let routingShards = shards;
  while (routingShards * 2 <= 1024) routingShards *= 2;
  return routingShards;
}

export function createIndex(
  name: string,
  uuid: string,
  createdMs: number,
  request: IndexRequest,
): MemoryIndex {
  const settings = new Map(request.settings);
  const count = Number(settings.get("index.number_of_shards") ?? 1);
  const asked = settings.get("index.number_of_routing_shards");
  settings.delete("index.number_of_routing_shards");
  const routingShards = asked === undefined ? defaultRoutingShards(count) : Number(asked);
  for (const [setting, value] of [
    ["index.number_of_shards", String(count)],
    ["index.number_of_replicas", settings.get("index.number_of_replicas") ?? "1"],
    ["index.uuid", uuid],
    ["index.creation_date", String(createdMs)],
    ["index.provided_name", name],
    ["index.version.created", "7100299"],
  ] as const) {
    settings.set(setting, value);
  }
  const gcDeletesMs = () => milliseconds(settings.get("index.gc_deletes") ?? "60s");
  const shards = Array.from({ length: count }, () => createShard(gcDeletesMs));
  return {
    name,
    uuid,
    createdMs,
    mapping: createMapping(request.mappings),
    shards,
    routingShards,
    settings,
    aliases: new Map(request.aliases),
    closed: false,
    shardFor(id, routing) {
      const shard = shards[shardOf(id, routing, { shards: count, routingShards, partitionSize: 1 })];
      if (shard === undefined) throw new Error(`no shard for [${id}]`);
      return shard;
    },
  };
}

function milliseconds(text: string): number {
  const factors: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(digits ?? 60_000) * (factors[unit ?? "ms"] ?? 1);
}

/** The body of `PUT /{index}`, settings in any of their spellings. */
export function readIndexRequest(body: Json | undefined): IndexRequest {
  const object = isObject(body) ? body : {};
  const aliases = isObject(object["aliases"]) ? Object.entries(object["aliases"]) : [];
  return {
    settings: flatSettings(object["settings"]),
    mappings: isObject(object["mappings"]) ? object["mappings"] : {},
    aliases: new Map(aliases.map(([alias, value]) => [alias, aliasBody(isObject(value) ? value : {})])),
  };
}

/** `routing` stands for both directions, and is shown so. */
export function aliasBody({ routing, index, alias, ...body }: JsonObject): JsonObject {
  return routing === undefined ? body : { ...body, index_routing: routing, search_routing: routing };
}

/** Settings nested, dotted, with or without the `index.` prefix, as dotted names with it. */
export function flatSettings(settings: Json | undefined): Map<string, string> {
  const flat = new Map<string, string>();
  const walk = (value: Json, path: string) => {
    if (isObject(value))
      for (const [name, member] of Object.entries(value)) walk(member, path ? `${path}.${name}` : name);
    else flat.set(path.startsWith("index.") ? path : `index.${path}`, String(value));
  };
  if (isObject(settings)) walk(settings, "");
  return flat;
}

/** Why an index cannot have that name. */
export function badName(name: string): Failure | undefined {
  if (name === name.toLowerCase() && !/^[_+-]|[\\/*?"<>| ,#:]/.test(name)) return undefined;
  const why = name === name.toLowerCase() ? "must not contain such characters" : "must be lowercase";
  return {
    status: 400,
    type: "invalid_index_name_exception",
    reason: `Invalid index name [${name}], ${why}`,
  };
}
