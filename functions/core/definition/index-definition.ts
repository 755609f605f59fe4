import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { readInPages } from "./name-pages.ts";

/** A JSON object whose members are not known. */
export type JsonObject = { readonly [name: string]: unknown };

/** An index as `GET /{index}?flat_settings=true` describes it; its mapping without a type above it. */
export interface IndexDefinition {
  readonly aliases: JsonObject;
  readonly mappings: JsonObject;
  readonly settings: JsonObject;
}

/** What BACKUP's mapping remembers of the incarnation it stands for, under `_meta.understudy`. */
export interface IncarnationMark {
  readonly uuid: string;
  readonly createdMs: number;
  readonly shards: number;
  readonly routingShards: number;
  readonly partitionSize: number;
}

const members = v.custom<JsonObject>(isObject);
const definition = v.object({
  aliases: members,
  mappings: members,
  settings: members,
  data_stream: v.optional(v.string()),
});
const definitionSchema = byName(definition);

const markSchema = v.object({
  uuid: v.string(),
  createdMs: v.number(),
  shards: v.number(),
  routingShards: v.number(),
  partitionSize: v.number(),
});
const markedSchema = v.object({ _meta: v.object({ understudy: markSchema }) });

/**
 * The definitions of all indices that a multi-target expression names, by concrete name.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export function readDefinitions(
  cluster: Cluster,
  expression: string,
): Promise<ReadonlyMap<string, IndexDefinition>> {
  return readInPages(expression.split(","), (names) => readPage(cluster, names));
}

async function readPage(cluster: Cluster, names: string): Promise<ReadonlyMap<string, IndexDefinition>> {
  const query = "flat_settings=true&expand_wildcards=all&ignore_unavailable=true&allow_no_indices=true";
  const answer = await ask(cluster, { method: "GET", path: `/${names}`, query });
  if (answer.status === 404) return new Map();
  const definitions = readJson(cluster, definitionSchema, answer);
  return new Map([...definitions].map(([index, found]) => [index, plain(found)]));
}

/** Those of the wanted settings that an index has not, or not so. */
export function differentSettings(
  wanted: JsonObject,
  { settings }: IndexDefinition,
): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(wanted).filter(
    ([name, value]) => JSON.stringify(settings[name]) !== JSON.stringify(value),
  );
}

/** Without a type; and a data stream is an alias of its backing indices, which are plain indices on BACKUP. */
function plain({ aliases, mappings, settings, data_stream: stream }: v.InferOutput<typeof definition>) {
  return {
    aliases: stream === undefined ? aliases : { ...aliases, [stream]: {} },
    mappings: withoutType(mappings),
    settings,
  };
}

/** Members that a mapping's root can have in any version; anything else there is a type's name. */
const rootMember =
  /^(_.*|properties|dynamic|dynamic_templates|dynamic_date_formats|date_detection|numeric_detection|runtime|subobjects|derived|composite|enabled|include_in_all|context_aware_grouping)$/;

/**
 * Elasticsearch 6 answers with the mapping below its type's name. An index from Elasticsearch 5 can have
 * several types: their fields agree, so together they are one mapping (the documents' ids need not be).
 */
export function withoutType(mappings: JsonObject): JsonObject {
  const types = Object.entries(mappings).filter(
    ([name]) => ["_doc", "_default_"].includes(name) || !rootMember.test(name),
  );
  if (types.length === 0 || types.length !== Object.keys(mappings).length) return mappings;
  const bodies = types.flatMap(([name, body]) => (name !== "_default_" && isObject(body) ? [body] : []));
  const [only = {}, ...more] = bodies;
  if (more.length === 0) return only;
  const properties = bodies.flatMap(({ properties: own }) => (isObject(own) ? Object.entries(own) : []));
  return { ...Object.assign({}, ...bodies), properties: Object.fromEntries(properties) };
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The mark that an earlier replay left in a mapping on BACKUP. */
export function readMark(definition: IndexDefinition): IncarnationMark | undefined {
  const parsed = v.safeParse(markedSchema, definition.mappings);
  return parsed.success ? parsed.output._meta.understudy : undefined;
}
