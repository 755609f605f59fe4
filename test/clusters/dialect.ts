import { hasTypes, versionNumber } from "../../functions/core/cluster/release.ts";
import type { Release } from "../../infra/local/servers/catalogue.ts";

/** How clients of a release write: its paths, with a mapping type where it has them, and what else it can. */
export interface Dialect {
  document(index: string, id?: string): string;
  create(index: string, id: string): string;
  update(index: string, id: string): string;
  bulk(index: string): string;
  mapping(index: string): string;
  /** For an action line of the root's bulk. */
  readonly inLine: Readonly<Record<string, string>>;
  /** A mapping as it stands in the request that creates an index. */
  whole(mapping: object): object;
  /** Fields that only some releases have, with a value for each. */
  readonly special: Readonly<Record<string, readonly [mapping: object, value: unknown]>>;
  /** Root members of a mapping that only some releases have. */
  readonly specialRoot: object;
  readonly specialSettings: object;
}

const type = "book";

/** The dialect of a release, with what its minimal distribution has. */
export function dialectOf(release: Release): Dialect {
  const features = {
    special: special(release),
    specialRoot: root(release),
    specialSettings: settings(release),
  };
  if (hasTypes(release)) {
    return {
      ...features,
      document: (index, id) => `/${index}/${type}${id === undefined ? "" : `/${id}`}`,
      create: (index, id) => `/${index}/${type}/${id}/_create`,
      update: (index, id) => `/${index}/${type}/${id}/_update`,
      bulk: (index) => `/${index}/${type}/_bulk`,
      mapping: (index) => `/${index}/_mapping/${type}`,
      inLine: { _type: type },
      whole: (mapping) => ({ [type]: mapping }),
    };
  }
  return {
    ...features,
    document: (index, id) => `/${index}/_doc${id === undefined ? "" : `/${id}`}`,
    create: (index, id) => `/${index}/_create/${id}`,
    update: (index, id) => `/${index}/_update/${id}`,
    bulk: (index) => `/${index}/_bulk`,
    mapping: (index) => `/${index}/_mapping`,
    inLine: {},
    whole: (mapping) => mapping,
  };
}

function special({ product, version }: Release): Dialect["special"] {
  const number = versionNumber(version);
  const elastic = product === "elasticsearch";
  const labels = { a: "x", b: { c: "y" } };
  return {
    ...((!elastic || number >= 7000) && {
      nanos: [{ type: "date_nanos" }, "2026-01-02T03:04:05.123456789Z"],
    }),
    ...((!elastic || number >= 7006) && { measured: [{ type: "long", meta: { unit: "ms" } }, 5] }),
    ...(elastic && number >= 7017 && { labels: [{ type: "flattened" }, labels] }),
    ...(elastic && number < 7000 && { classic: [{ type: "text", similarity: "classic" }, "an old score"] }),
    ...(!elastic && number >= 2007 && { labels: [{ type: "flat_object" }, labels] }),
    ...(!elastic &&
      number >= 2015 && {
        path: [{ type: "wildcard" }, "/a/b/c"],
        tenant: [{ type: "constant_keyword", value: "t" }, "t"],
        large: [{ type: "unsigned_long" }, 18_446_744_073_709],
        words: [{ type: "match_only_text" }, "some words"],
      }),
    ...(!elastic && number >= 3002 && { release: [{ type: "version" }, "1.10.0"] }),
  };
}

function root({ product, version }: Release): object {
  const number = versionNumber(version);
  return {
    ...(product === "elasticsearch" && number >= 7017 && { runtime: { later: { type: "long" } } }),
    ...(product === "elasticsearch" && number < 7000 && { _all: { enabled: false } }),
    ...(product === "elasticsearch" && number < 8000 && { _field_names: { enabled: false } }),
    ...(product === "elasticsearch" && number >= 8003 && { subobjects: true }),
  };
}

function settings({ product, version }: Release): object {
  const number = versionNumber(version);
  const elastic = product === "elasticsearch";
  return {
    ...((!elastic || number >= 7000) && { "index.mapping.nested_objects.limit": 5000 }),
    ...(elastic && number < 7000 && { "index.similarity.old.type": "classic" }),
    ...(elastic && number >= 8014 && { "index.mapping.total_fields.ignore_dynamic_beyond_limit": true }),
    ...(!elastic && number >= 2009 && number < 3000 && { "index.codec": "best_compression" }),
  };
}
