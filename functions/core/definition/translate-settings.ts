import type { Release } from "../cluster/release.ts";
import { versionNumber } from "../cluster/release.ts";
import { indexSettings, isIn } from "./feature-table.ts";
import type { JsonObject } from "./index-definition.ts";

/** A part of a definition that BACKUP cannot have as PRIMARY has it. */
export interface Untranslated {
  /** `settings/index.hidden`, `mappings/author.name`. */
  readonly path: string;
  readonly reason: string;
}

/** A definition for BACKUP, and what of PRIMARY's it leaves out or replaces. */
export interface Translated {
  readonly definition: JsonObject;
  readonly untranslated: readonly Untranslated[];
}

/**
 * Settings that belong to the cluster that made the index, or that a replica of the truth must not have:
 * they are no part of what is replicated (docs/cluster-semantics.md, section 5). Matched as a whole name or as a
 * prefix that ends in a dot.
 */
const notReplicated = [
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
  "index.soft_deletes.enabled",
  "index.store.type",
  "index.remote_store.",
  "index.replication.type",
  "index.append_only.",
  "index.composite_index",
  "index.derived_source.",
  "index.mode",
  "index.routing_path",
  "index.time_series.",
  "index.mapping.source.mode",
  "index.mapping.synthetic_source_keep",
  "index.recovery.use_synthetic_source",
];

/** PRIMARY's settings (by their whole, dotted names) as BACKUP's release takes them. */
export function translateSettings(settings: JsonObject, target: Release): Translated {
  const definition: Record<string, unknown> = {};
  const untranslated: Untranslated[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (notReplicated.some((rule) => matches(name, rule))) continue;
    const row = Object.entries(indexSettings).find(([rule]) => matches(name, rule));
    const reason =
      row !== undefined && !isIn(target, row[1])
        ? "BACKUP does not know this setting"
        : refusedValue(name, value, target);
    if (reason !== undefined) {
      untranslated.push({ path: `settings/${name}`, reason });
      continue;
    }
    const [translated, difference] = translateValue(name, value, target);
    definition[name] = translated;
    if (difference !== undefined) untranslated.push({ path: `settings/${name}`, reason: difference });
  }
  return { definition, untranslated };
}

function matches(name: string, rule: string): boolean {
  return rule.endsWith(".") ? name.startsWith(rule) : name === rule;
}

function refusedValue(name: string, value: unknown, target: Release): string | undefined {
  const zstd = name === "index.codec" && typeof value === "string" && /^(zstd|qat)/.test(value);
  return zstd && target.product === "elasticsearch" ? `BACKUP does not have the codec [${value}]` : undefined;
}

/** Names of analysis components that only Elasticsearch 6 still takes, and the same components' names since then. */
const renamedAnalysis: Readonly<Record<string, string>> = {
  nGram: "ngram",
  edgeNGram: "edge_ngram",
  htmlStrip: "html_strip",
  delimited_payload_filter: "delimited_payload",
};

/** The value for BACKUP, and in what it differs where that changes a search. */
function translateValue(name: string, value: unknown, target: Release): readonly [unknown, string?] {
  if (/^index\.similarity\..+\.type$/.test(name) && value === "classic" && !hasClassicSimilarity(target)) {
    return ["BM25", "BACKUP has no classic similarity: BM25 stands for it"];
  }
  if (!name.startsWith("index.analysis.")) return [value];
  if (typeof value === "string") return [renamedAnalysis[value] ?? value];
  if (!Array.isArray(value) || !name.endsWith("filter")) return [value];
  // The token filter `standard` never did anything, and is unknown since 7.
  return [value.filter((each) => each !== "standard").map((each) => renamedAnalysis[String(each)] ?? each)];
}

/** Whether fields can be scored by TF-IDF: Elasticsearch 6. */
export function hasClassicSimilarity({ product, version }: Release): boolean {
  return product === "elasticsearch" && versionNumber(version) < 7000;
}
