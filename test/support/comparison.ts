import { setTimeout as pause } from "node:timers/promises";
import { createReleaseReader, type Release } from "../../functions/core/cluster/release.ts";
import { withoutType } from "../../functions/core/definition/index-definition.ts";
import { translateDefinition } from "../../functions/core/definition/translate.ts";
import { storedOnly } from "../../functions/core/definition/translate-mappings.ts";
import { must, send } from "./client.ts";
import { type LosslessJson, losslessJson, memberOf, textOf } from "./lossless-json.ts";

export interface Comparison {
  /** On PRIMARY. */
  readonly documents: number;
  /** One line for each difference, the first hundred. */
  readonly differences: readonly string[];
}

export interface ComparisonOptions {
  /** Indices whose name begins so. @default all but `understudy-*` */
  readonly prefix?: string;
  /**
   * What BACKUP refused, as the status tells it: a field is to be stored there and not searched, and a setting is not
   * compared.
   */
  readonly refused?: readonly { readonly index: string; readonly path: string }[];
}

const pageSize = 2000;
const listedMax = 100;

/**
 * Compares every document of both clusters, past the gateway: id, routing and source, in canonical form and with
 * every digit of every number; and the indices' mappings, settings and aliases, PRIMARY's as BACKUP's release takes
 * them. Of an index that is closed, only that it is. Nothing may write meanwhile.
 */
export async function compareClusters(
  primary: string,
  backup: string,
  options: ComparisonOptions = {},
): Promise<Comparison> {
  const differences: string[] = [];
  const target = await releaseOf(backup);
  const [onPrimary, onBackup] = await Promise.all([
    definitions(primary, options, target),
    definitions(backup, options, target),
  ]);
  const [closedOnPrimary, closedOnBackup] = await Promise.all([
    closedIndices(primary),
    closedIndices(backup),
  ]);
  let documents = 0;
  for (const name of [...new Set([...onPrimary.keys(), ...onBackup.keys()])].sort()) {
    const [wanted, held] = [onPrimary.get(name), onBackup.get(name)];
    if (wanted === undefined || held === undefined) {
      const closed = closedOnPrimary.has(name);
      if (wanted !== undefined && (closed || (await documentsOf(primary, name)).size === 0)) continue;
      differences.push(`[${name}] exists only on ${wanted === undefined ? "BACKUP" : "PRIMARY"}`);
      continue;
    }
    if (wanted !== held) differences.push(`[${name}] is defined\n  ${wanted}\nand on BACKUP\n  ${held}`);
    if (closedOnPrimary.has(name) || closedOnBackup.has(name)) {
      const both = closedOnPrimary.has(name) && closedOnBackup.has(name);
      if (!both) differences.push(`[${name}] is closed on one cluster only`);
      continue;
    }
    const [expected, found] = await Promise.all([documentsOf(primary, name), documentsOf(backup, name)]);
    documents += expected.size;
    differences.push(...documentDifferences(name, expected, found));
  }
  return { documents, differences: differences.slice(0, listedMax) };
}

/** The names of the indices that are closed. */
export async function closedIndices(endpoint: string): Promise<ReadonlySet<string>> {
  const path = "/_cluster/state/metadata?filter_path=metadata.indices.*.state";
  const { metadata = {} } = record((await must(endpoint, { path })).json());
  const indices = Object.entries(record(record(metadata)["indices"] ?? {}));
  return new Set(indices.filter(([, index]) => record(index)["state"] === "close").map(([name]) => name));
}

function documentDifferences(
  index: string,
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): readonly string[] {
  const lines: string[] = [];
  for (const [key, source] of expected) {
    const held = found.get(key);
    if (held === undefined) lines.push(`${index}/${key} is missing on BACKUP`);
    else if (held !== source) lines.push(`${index}/${key} is ${source} and on BACKUP ${held}`);
  }
  for (const key of found.keys()) if (!expected.has(key)) lines.push(`${index}/${key} is only on BACKUP`);
  return lines;
}

/** Every document by id and routing, its source in canonical form; from all shards, refreshed first. */
async function documentsOf(endpoint: string, index: string): Promise<ReadonlyMap<string, string>> {
  const documents = new Map<string, string>();
  const path = `/${encodeURIComponent(index)}`;
  await refreshed(endpoint, path);
  const first = { size: pageSize, sort: ["_doc"] };
  let page = await must(endpoint, { method: "POST", path: `${path}/_search?scroll=1m`, body: first });
  for (;;) {
    const answer = losslessJson(page.text);
    const hits = memberOf(memberOf(answer, "hits"), "hits");
    const scrollId = textOf(memberOf(answer, "_scroll_id"));
    if (hits?.kind !== "array" || hits.elements.length === 0) {
      await must(endpoint, { method: "DELETE", path: "/_search/scroll", body: { scroll_id: [scrollId] } });
      return documents;
    }
    for (const hit of hits.elements) documents.set(keyOf(hit), canonical(memberOf(hit, "_source")));
    const next = { scroll: "1m", scroll_id: scrollId };
    page = await must(endpoint, { method: "POST", path: "/_search/scroll", body: next });
  }
}

/** A cluster that has just come back may have shards that are not started yet. */
async function refreshed(endpoint: string, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { text } = await must(endpoint, { method: "POST", path: `${path}/_refresh?expand_wildcards=all` });
    if (/"failed":0\b/.test(text) && !/"successful":0\b/.test(text)) return;
    if (tries === 100) throw new Error(`${path} cannot be refreshed: ${text.slice(0, 300)}`);
    await pause(200);
  }
}

function keyOf(hit: LosslessJson): string {
  const routing = memberOf(hit, "_routing");
  const id = textOf(memberOf(hit, "_id"));
  return routing === undefined ? id : `${id} (routing ${textOf(routing)})`;
}

/** Members in the order of their names, numbers with their own digits, a name that comes twice twice. */
export function canonical(value: LosslessJson | undefined): string {
  switch (value?.kind) {
    case undefined:
      return "nothing";
    case "array":
      return `[${value.elements.map(canonical).join(",")}]`;
    case "object": {
      const members = value.members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
      return `{${members.sort().join(",")}}`;
    }
    case "string":
      return JSON.stringify(value.text);
    case "literal":
      return value.digits;
  }
}

/** What BACKUP is to have of each index's definition, as one text. Replication's own marks and aliases are left out. */
async function definitions(
  endpoint: string,
  { prefix = "", refused = [] }: ComparisonOptions,
  target: Release,
): Promise<ReadonlyMap<string, string>> {
  const path = "/_all?flat_settings=true&expand_wildcards=all";
  const all: unknown = (await must(endpoint, { path })).json();
  const named = new Map<string, string>();
  for (const [name, definition] of Object.entries(record(all))) {
    if (name.startsWith("understudy-") || !name.startsWith(prefix)) continue;
    const { mappings, settings, aliases, data_stream: stream } = record(definition);
    // A data stream is an alias on BACKUP.
    const withStream = { ...record(aliases), ...(typeof stream === "string" && { [stream]: {} }) };
    const own = Object.entries(withStream).filter(([alias]) => !alias.startsWith("understudy-"));
    const given = { mappings: withoutMark(withoutType(record(mappings))), settings: record(settings) };
    const { untranslated: _, ...translated } = translateDefinition(given, target);
    const refusedHere = refused.filter(({ index }) => index === name).map(({ path: at }) => at);
    const stored = refusedHere
      .filter((at) => at.startsWith("mappings/"))
      .map((at) => at.replace("mappings/", "").split("."));
    const compared = Object.entries(translated.settings).filter(
      ([setting]) => !refusedHere.includes(`settings/${setting}`),
    );
    const properties = stored.reduce(withStoredOnly, record(translated.mappings["properties"] ?? {}));
    const described = {
      settings: Object.fromEntries(compared),
      mappings: { ...translated.mappings, properties },
      aliases: Object.fromEntries(own),
    };
    named.set(name, canonical(losslessJson(JSON.stringify(described))));
  }
  return named;
}

/** The properties with one field, by its path, as it is where BACKUP refused it. */
function withStoredOnly(
  properties: Readonly<Record<string, unknown>>,
  [first = "", ...rest]: readonly string[],
): Readonly<Record<string, unknown>> {
  if (rest.length === 0) return { ...properties, [first]: storedOnly };
  const parent = record(properties[first] ?? {});
  const inside = withStoredOnly(record(parent["properties"] ?? {}), rest);
  return { ...properties, [first]: { ...parent, properties: inside } };
}

function withoutMark({ _meta: meta, ...given }: Readonly<Record<string, unknown>>) {
  const { understudy: _mark, ...kept } = record(meta ?? {});
  const { dynamic, ...others } = given;
  // `true` is what it is without a word.
  const mappings = dynamic === undefined || dynamic === "true" ? others : given;
  return Object.keys(kept).length === 0 ? mappings : { ...mappings, _meta: kept };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new Error(`Not an object: ${JSON.stringify(value)}`);
  return { ...value };
}

/** What the server behind the endpoint runs. */
export function releaseOf(endpoint: string): Promise<Release> {
  const ask = createReleaseReader(
    {
      name: "backup",
      async send({ method, path, query }) {
        const { status, body } = await send(endpoint, { method, path: query ? `${path}?${query}` : path });
        return { status, headers: {}, body };
      },
    },
    () => 0,
  );
  return ask();
}
