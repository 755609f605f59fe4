import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import { segment } from "../routing/path.ts";

/** What the writer has to know of an index on PRIMARY. */
export interface PrimaryIndex {
  readonly incarnation: Incarnation;
  /** A default or final pipeline may change what is stored: the request's bytes are not the document. */
  readonly hasPipeline: boolean;
  /** Routing that PRIMARY adds to writes through an alias, by the alias's name; items do not show it. */
  readonly aliasRouting: ReadonlyMap<string, string>;
}

const wanted = [
  "*.aliases.*.index_routing",
  "*.settings.index.uuid",
  "*.settings.index.creation_date",
  "*.settings.index.default_pipeline",
  "*.settings.index.final_pipeline",
].join(",");

const answerSchema = byName(
  v.object({
    aliases: v.optional(byName(v.object({ index_routing: v.optional(v.string()) }))),
    settings: v.object({
      index: v.object({
        uuid: v.string(),
        creation_date: v.string(),
        default_pipeline: v.optional(v.string(), "_none"),
        final_pipeline: v.optional(v.string(), "_none"),
      }),
    }),
  }),
);

/** What is known of PRIMARY's indices. Entries live for `ttlMs`: an index can be recreated at any time. */
export interface PrimaryCatalog {
  /**
   * `undefined` when PRIMARY has no such index.
   * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
   */
  describe(index: string): Promise<PrimaryIndex | undefined>;
  /**
   * Whether any document of the index carries a routing; remembered once it does. An update keeps the
   * routing that the document has, and its answer does not show it.
   * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
   */
  usesRouting(index: string): Promise<boolean>;
  /** A write of the index carried a routing. */
  noteRouting(index: string): void;
  /** The next `describe` asks PRIMARY: the index may have been recreated or changed. */
  forget(index: string): void;
  forgetAll(): void;
}

/** A catalog that asks `GET /{index}`, once for all who ask at the same time. */
export function createPrimaryCatalog(primary: Cluster, ttlMs: number, now: () => number): PrimaryCatalog {
  const routed = new Set<string>();
  const unrouted = new Map<string, { until: number; value: Promise<boolean> }>();
  const entries = new Map<string, { until: number; value: Promise<PrimaryIndex | undefined> }>();
  return {
    describe(index) {
      const known = entries.get(index);
      if (known !== undefined && known.until > now()) return known.value;
      const value = readIndex(primary, index);
      const entry = { until: now() + ttlMs, value };
      entries.set(index, entry);
      const drop = () => {
        if (entries.get(index) === entry) entries.delete(index);
      };
      value.then((found) => found === undefined && drop(), drop);
      return value;
    },
    usesRouting(index) {
      if (routed.has(index)) return Promise.resolve(true);
      const known = unrouted.get(index);
      if (known !== undefined && known.until > now()) return known.value;
      const value = holdsRouting(primary, index);
      unrouted.set(index, { until: now() + ttlMs, value });
      value.then(
        (found) => found && routed.add(index),
        () => unrouted.delete(index),
      );
      return value;
    },
    noteRouting: (index) => void routed.add(index),
    forget: (index) => void entries.delete(index),
    forgetAll: () => entries.clear(),
  };
}

async function readIndex(primary: Cluster, index: string): Promise<PrimaryIndex | undefined> {
  const answer = await ask(primary, {
    method: "GET",
    path: `/${segment(index)}`,
    query: `filter_path=${wanted}`,
  });
  if (answer.status === 404) return undefined;
  const found = readJson(primary, answerSchema, answer).get(index);
  if (found === undefined) return undefined;
  const { uuid, creation_date, default_pipeline, final_pipeline } = found.settings.index;
  const aliasRouting = new Map<string, string>();
  for (const [alias, { index_routing }] of found.aliases ?? []) {
    if (index_routing !== undefined) aliasRouting.set(alias, index_routing);
  }
  return {
    incarnation: { index, uuid, createdMs: Number(creation_date) },
    hasPipeline: default_pipeline !== "_none" || final_pipeline !== "_none",
    aliasRouting,
  };
}

const hitsSchema = v.object({ hits: v.optional(v.object({ hits: v.optional(v.array(v.unknown()), []) })) });

/** One hit is enough, and the search ends with it. */
async function holdsRouting(primary: Cluster, index: string): Promise<boolean> {
  const answer = await ask(primary, {
    method: "POST",
    path: `/${segment(index)}/_search`,
    query: "filter_path=hits.hits._id",
    body: { size: 1, terminate_after: 1, _source: false, query: { exists: { field: "_routing" } } },
  });
  return answer.status !== 404 && (readJson(primary, hitsSchema, answer).hits?.hits.length ?? 0) > 0;
}
