import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import { segment } from "../routing/path.ts";

/** What the writer has to know of an index on PRIMARY. */
export interface PrimaryIndex {
  readonly incarnation: Incarnation;
  /** A default or final pipeline may change what is stored: the request's bytes are not the document. */
  readonly hasPipeline: boolean;
}

const settingsSchema = v.record(
  v.string(),
  v.object({
    settings: v.object({
      "index.uuid": v.string(),
      "index.creation_date": v.string(),
      "index.default_pipeline": v.optional(v.string(), "_none"),
      "index.final_pipeline": v.optional(v.string(), "_none"),
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
  /** The next `describe` asks PRIMARY: the index may have been recreated or changed. */
  forget(index: string): void;
  forgetAll(): void;
}

/** A catalog that asks `GET /{index}/_settings`, once for all who ask at the same time. */
export function createPrimaryCatalog(primary: Cluster, ttlMs: number, now: () => number): PrimaryCatalog {
  const entries = new Map<string, { until: number; value: Promise<PrimaryIndex | undefined> }>();
  return {
    describe(index) {
      const known = entries.get(index);
      if (known !== undefined && known.until > now()) return known.value;
      const value = readSettings(primary, index);
      entries.set(index, { until: now() + ttlMs, value });
      value.then(
        (found) => found ?? entries.delete(index),
        () => entries.delete(index),
      );
      return value;
    },
    forget: (index) => void entries.delete(index),
    forgetAll: () => entries.clear(),
  };
}

async function readSettings(primary: Cluster, index: string): Promise<PrimaryIndex | undefined> {
  const path = `/${segment(index)}/_settings`;
  const answer = await ask(primary, { method: "GET", path, query: "flat_settings=true" });
  if (answer.status === 404) return undefined;
  const settings = readJson(primary, settingsSchema, answer)[index]?.settings;
  if (settings === undefined) return undefined;
  const pipelines = [settings["index.default_pipeline"], settings["index.final_pipeline"]];
  return {
    incarnation: { index, uuid: settings["index.uuid"], createdMs: Number(settings["index.creation_date"]) },
    hasPipeline: pipelines.some((pipeline) => pipeline !== "_none"),
  };
}
