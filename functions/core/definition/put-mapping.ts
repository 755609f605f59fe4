import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { type Release, typelessQuery } from "../cluster/release.ts";
import { segment } from "../routing/path.ts";
import { isObject, type JsonObject } from "./index-definition.ts";
import { storedOnly } from "./translate-mappings.ts";
import type { Untranslated } from "./translate-settings.ts";

/**
 * Merges a translated mapping into BACKUP's index. Where BACKUP refuses it, every part that it takes is
 * merged alone: one field that does not fit must not hold up the others, nor leave them to guesses.
 * @returns the parts that BACKUP does not take as they are.
 * @throws ClusterError or ClusterAnswerError when BACKUP fails.
 */
export async function putMapping(
  backup: Cluster,
  index: string,
  mapping: JsonObject,
  target: Release,
): Promise<readonly Untranslated[]> {
  const put = (body: JsonObject) => merge(backup, index, body, target);
  if ((await put(mapping)) === undefined) return [];
  const { properties, _meta, _source, _routing, ...root } = mapping;
  await put({ _meta });
  const lost: Untranslated[] = [];
  if (isObject(properties)) await putFields(Object.entries(properties), { path: "", put }, lost);
  for (const [name, value] of Object.entries(root)) {
    const refusal = await put({ [name]: value });
    if (refusal !== undefined) lost.push({ path: `mappings/${name}`, reason: refusal });
  }
  return lost;
}

type Put = (mapping: JsonObject) => Promise<string | undefined>;

/** @returns why BACKUP refuses it; `undefined` when it is merged. */
async function merge(
  backup: Cluster,
  index: string,
  body: JsonObject,
  target: Release,
): Promise<string | undefined> {
  try {
    await ask(backup, {
      method: "PUT",
      path: `/${segment(index)}/_mapping`,
      query: typelessQuery(target),
      body,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
    return error.message;
  }
}

/** Where fields are merged: the mapping's root, or an object in it. */
interface Place {
  readonly path: string;
  readonly put: Put;
}

/** Halves, until those that BACKUP refuses stand alone. */
async function putFields(
  fields: readonly (readonly [string, unknown])[],
  place: Place,
  lost: Untranslated[],
): Promise<void> {
  const [[name, field] = []] = fields;
  if (name === undefined) return;
  const refusal = await place.put({ properties: Object.fromEntries(fields) });
  if (refusal === undefined) return;
  if (fields.length > 1) {
    const middle = fields.length >> 1;
    await putFields(fields.slice(0, middle), place, lost);
    await putFields(fields.slice(middle), place, lost);
  } else if (!(await putObject(name, field, place, lost))) {
    const reason = await putNearest(name, field, refusal, place.put);
    lost.push({ path: `mappings/${place.path}${name}`, reason });
  }
}

/** @returns whether it is an object that BACKUP takes without its fields; then those were merged as well. */
async function putObject(name: string, field: unknown, place: Place, lost: Untranslated[]): Promise<boolean> {
  if (!isObject(field) || !isObject(field["properties"])) return false;
  const { properties, ...own } = field;
  const put: Put = (mapping) => place.put({ properties: { [name]: { ...own, ...mapping } } });
  if ((await put({ properties: {} })) !== undefined) return false;
  await putFields(Object.entries(field["properties"]), { path: `${place.path}${name}.`, put }, lost);
  return true;
}

/** @returns what became of the field. */
async function putNearest(name: string, field: unknown, refusal: string, put: Put): Promise<string> {
  for (const { mapping, told } of nearest(field)) {
    if ((await put({ properties: { [name]: mapping } })) === undefined) return `${told}, because ${refusal}`;
  }
  // BACKUP has the field already, as another type.
  return refusal;
}

/** What may stand for a field, the nearest first. */
function nearest(field: unknown): readonly { readonly mapping: unknown; readonly told: string }[] {
  const type = isObject(field) ? field["type"] : undefined;
  return [
    { mapping: withoutAnalysis(field), told: "it has no analysis of its own" },
    ...(type === undefined ? [] : [{ mapping: { type }, told: "it has nothing but its type" }]),
    { mapping: storedOnly, told: "it is stored and not searched" },
  ];
}

const analysisParameters = [
  "analyzer",
  "search_analyzer",
  "search_quote_analyzer",
  "normalizer",
  "similarity",
];

function withoutAnalysis(field: unknown): unknown {
  if (!isObject(field)) return field;
  const kept = Object.entries(field).filter(
    ([name, value]) => isObject(value) || !analysisParameters.includes(name),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutAnalysis(value)]));
}
