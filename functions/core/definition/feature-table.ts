import { type Release, versionNumber } from "../cluster/release.ts";

/**
 * Which versions of a product have something: from one on, or from one on and before another. A product
 * that is not named never has it. Where a release is not sure, a later one stands: what replaces a thing
 * works everywhere. (docs/cluster-semantics.md, section 5; the projects' release notes.)
 */
export interface Availability {
  readonly elasticsearch?: readonly [since: string, before?: string];
  readonly opensearch?: readonly [since: string, before?: string];
}

/** Whether a release has it. */
export function isIn(target: Release, availability: Availability): boolean {
  const range = availability[target.product];
  if (range === undefined) return false;
  const [since, before] = range;
  const version = versionNumber(target.version);
  return version >= versionNumber(since) && (before === undefined || version < versionNumber(before));
}

/** What stands for a field of a type that BACKUP does not have. */
export interface FieldType extends Availability {
  /** The first that BACKUP has stands for it; without one, an object that is stored and not searched. */
  readonly instead?: readonly FieldSubstitute[];
}

interface FieldSubstitute {
  readonly type: string;
  /** Parameters of the field that go over. @default `copy_to` and `fields` */
  readonly keeps?: readonly string[];
  readonly adds?: Readonly<Record<string, unknown>>;
  /** How a search differs. */
  readonly differs: string;
}

const everywhere: Availability = { elasticsearch: ["0"], opensearch: ["0"] };
const analyzed = ["analyzer", "search_analyzer", "search_quote_analyzer"];
const keyword = (differs: string): FieldSubstitute => ({
  type: "keyword",
  keeps: ["ignore_above", "null_value"],
  differs,
});
const text = (differs: string): FieldSubstitute => ({ type: "text", keeps: analyzed, differs });

/** Field types that some supported release does not have; all others go over as they are. */
export const fieldTypes: Readonly<Record<string, FieldType>> = {
  date_nanos: {
    elasticsearch: ["7.0"],
    opensearch: ["1.0"],
    instead: [{ type: "date", keeps: ["null_value"], differs: "it is searched in milliseconds" }],
  },
  flattened: {
    elasticsearch: ["7.3"],
    instead: [{ type: "flat_object", differs: "its leaves are queried by another rule" }],
  },
  flat_object: {
    opensearch: ["2.7"],
    instead: [{ type: "flattened", differs: "its leaves are queried by another rule" }],
  },
  wildcard: {
    elasticsearch: ["7.9"],
    opensearch: ["2.15"],
    // Longer values are stored and not searched: Lucene refuses terms above 32,766 bytes.
    instead: [{ ...keyword("long values are not searched"), adds: { ignore_above: 8191 } }],
  },
  constant_keyword: {
    elasticsearch: ["7.7"],
    opensearch: ["2.14"],
    instead: [keyword("documents without the field do not match its value")],
  },
  unsigned_long: {
    elasticsearch: ["7.10"],
    opensearch: ["2.8"],
    instead: [{ type: "double", keeps: ["null_value"], differs: "values above 2^53 are searched rounded" }],
  },
  version: {
    elasticsearch: ["7.10"],
    opensearch: ["3.2"],
    instead: [{ type: "keyword", differs: "it sorts as text" }],
  },
  match_only_text: {
    elasticsearch: ["7.14"],
    opensearch: ["2.12"],
    instead: [text("it scores by frequencies")],
  },
  search_as_you_type: {
    elasticsearch: ["7.2"],
    opensearch: ["1.0"],
    instead: [text("its shingles are missing")],
  },
  semantic_text: {
    elasticsearch: ["8.15"],
    instead: [{ type: "text", differs: "it is searched by its words" }],
  },
  counted_keyword: { elasticsearch: ["8.15"], instead: [keyword("it does not count")] },
  passthrough: {
    elasticsearch: ["8.15"],
    instead: [
      { type: "object", keeps: ["dynamic", "properties"], differs: "its fields need their whole path" },
    ],
  },
  feature: {
    elasticsearch: ["6.4", "7.0"],
    instead: [{ type: "rank_feature", differs: "its query has another name" }],
  },
  feature_vector: {
    elasticsearch: ["6.4", "7.0"],
    instead: [{ type: "rank_features", differs: "its query has another name" }],
  },
  rank_feature: { elasticsearch: ["7.0"], opensearch: ["1.0"] },
  rank_features: { elasticsearch: ["7.0"], opensearch: ["1.0"] },
  histogram: { elasticsearch: ["7.6"] },
  aggregate_metric_double: { elasticsearch: ["7.11"] },
  point: { elasticsearch: ["7.8"] },
  shape: { elasticsearch: ["7.4"] },
  xy_point: { opensearch: ["2.4"] },
  xy_shape: { opensearch: ["2.4"] },
  dense_vector: { elasticsearch: ["7.3"] },
  sparse_vector: { elasticsearch: ["8.11"] },
  rank_vectors: { elasticsearch: ["8.18"] },
  knn_vector: { opensearch: ["1.0"] },
  semantic: { opensearch: ["3.1"] },
};

/** A type without a row is everybody's. */
export function typeOf(name: string): FieldType {
  return Object.hasOwn(fieldTypes, name) ? (fieldTypes[name] ?? everywhere) : everywhere;
}

/** Parameters of fields that some supported release does not take. */
export const fieldParameters: Readonly<Record<string, Availability>> = {
  boost: { elasticsearch: ["0", "8.0"], opensearch: ["1.0"] },
  include_in_all: {},
  meta: { elasticsearch: ["7.6"], opensearch: ["1.0"] },
  on_script_error: { elasticsearch: ["7.13"] },
  script: { elasticsearch: ["7.13"] },
  subobjects: { elasticsearch: ["8.3"] },
  synthetic_source_keep: { elasticsearch: ["8.15"] },
  time_series_dimension: { elasticsearch: ["7.16"] },
  time_series_metric: { elasticsearch: ["8.0"] },
};

/** Members of a mapping's root that some supported release does not take. */
export const rootParameters: Readonly<Record<string, Availability>> = {
  _all: {},
  _data_stream_timestamp: {},
  _field_names: { elasticsearch: ["0", "8.0"], opensearch: ["1.0"] },
  composite: {},
  context_aware_grouping: {},
  derived: { opensearch: ["2.15"] },
  runtime: { elasticsearch: ["7.11"] },
  subobjects: { elasticsearch: ["8.3"] },
};

/** Values of `dynamic` beside `true`, `false` and `strict`, and what stands for them elsewhere. */
export const dynamicValues: Readonly<Record<string, Availability & { readonly instead: string }>> = {
  runtime: { elasticsearch: ["7.11"], instead: "true" },
  false_allow_templates: { opensearch: ["3.3"], instead: "false" },
  strict_allow_templates: { opensearch: ["2.16"], instead: "false" },
};

/** Settings that some supported release does not know; a name that ends in a dot is a prefix. */
export const indexSettings: Readonly<Record<string, Availability>> = {
  "index.hidden": { elasticsearch: ["7.7"], opensearch: ["1.0"] },
  "index.knn": { opensearch: ["1.0"] },
  "index.knn.": { opensearch: ["1.0"] },
  "index.mapper.dynamic": { elasticsearch: ["0", "7.0"] },
  "index.mapping.dimension_fields.limit": { elasticsearch: ["7.16"] },
  "index.mapping.ignore_above": { elasticsearch: ["8.15"] },
  "index.mapping.nested_objects.limit": { elasticsearch: ["7.0"], opensearch: ["1.0"] },
  "index.mapping.single_type": { elasticsearch: ["0", "7.0"] },
  "index.mapping.total_fields.ignore_dynamic_beyond_limit": { elasticsearch: ["8.14"] },
  "index.number_of_routing_shards": { elasticsearch: ["6.1"], opensearch: ["1.0"] },
  "index.search.default_pipeline": {},
  "index.translog.retention.": { elasticsearch: ["0", "8.0"], opensearch: ["1.0"] },
};
