import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, ClusterAnswerError, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { NamedDefinitionKind } from "../routing/endpoint.ts";
import { segment } from "../routing/path.ts";
import { isObject, type JsonObject } from "./index-definition.ts";

/** Where the definitions of a kind are. */
const paths: Readonly<Record<NamedDefinitionKind, string>> = {
  template: "/_template",
  "index-template": "/_index_template",
  "component-template": "/_component_template",
  "ingest-pipeline": "/_ingest/pipeline",
  "search-pipeline": "/_search/pipeline",
  script: "/_scripts",
};

const definition = v.custom<JsonObject>(isObject);
const definitions = byName(definition);
const indexTemplates = v.object({
  index_templates: v.array(v.object({ name: v.string(), index_template: definition })),
});
const componentTemplates = v.object({
  component_templates: v.array(v.object({ name: v.string(), component_template: definition })),
});
const storedScripts = v.object({
  metadata: v.optional(v.object({ stored_scripts: v.optional(byName(v.unknown())) })),
});
const script = v.object({ _id: v.string(), script: definition });

/**
 * The definitions of a kind that one name or wildcard expression names. Empty where a cluster does not know the
 * kind at all.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readNamed(
  cluster: Cluster,
  of: NamedDefinitionKind,
  name: string,
): Promise<ReadonlyMap<string, JsonObject>> {
  const path = `${paths[of]}/${segment(name)}`;
  try {
    const answer = await ask(cluster, {
      method: "GET",
      path,
      ...(isTemplate(of) && { query: "flat_settings=true" }),
    });
    if (answer.status === 404) return new Map();
    switch (of) {
      case "index-template": {
        const found = readJson(cluster, indexTemplates, answer).index_templates;
        return new Map(found.map((each) => [each.name, each.index_template]));
      }
      case "component-template": {
        const found = readJson(cluster, componentTemplates, answer).component_templates;
        return new Map(found.map((each) => [each.name, each.component_template]));
      }
      case "script": {
        const found = readJson(cluster, script, answer);
        return new Map([[found._id, { script: found.script }]]);
      }
      default:
        return readJson(cluster, definitions, answer);
    }
  } catch (error) {
    const unknown = error instanceof ClusterAnswerError && (error.status === 400 || error.status === 405);
    if (!unknown) throw error;
    return new Map();
  }
}

/**
 * The names of all definitions of a kind that are the user's own.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readUsersNames(cluster: Cluster, of: NamedDefinitionKind): Promise<readonly string[]> {
  if (of !== "script") {
    const found = [...(await readNamed(cluster, of, "*"))];
    return found.flatMap(([name, each]) => (isOfTheProduct(name, each) ? [] : [name]));
  }
  // No other endpoint lists them.
  const query = "filter_path=metadata.stored_scripts";
  const answer = await ask(cluster, { method: "GET", path: "/_cluster/state/metadata", query });
  return [...(readJson(cluster, storedScripts, answer).metadata?.stored_scripts?.keys() ?? [])];
}

/** Whether a definition is replication's own, or one that a product brings with it: no wildcard means it. */
export function isOfTheProduct(name: string, { _meta: meta }: JsonObject): boolean {
  const managed = isObject(meta) && meta["managed"] === true;
  return managed || name.startsWith(".") || name.startsWith("understudy-");
}

/**
 * Puts a definition.
 * @throws ClusterAnswerError when the cluster refuses it, ClusterError when there is no answer.
 */
export async function putNamed(
  cluster: Cluster,
  of: NamedDefinitionKind,
  name: string,
  body: JsonObject,
): Promise<void> {
  const path = `${paths[of]}/${segment(name)}`;
  const answer = await ask(cluster, { method: "PUT", path, body });
  if (answer.status === 404)
    throw new ClusterAnswerError(cluster, `PUT ${path}`, 404, "unknown", "not known");
}

/**
 * Removes a definition; one that is not there is as good.
 * @throws ClusterAnswerError when the cluster refuses, ClusterError when there is no answer.
 */
export async function removeNamed(cluster: Cluster, of: NamedDefinitionKind, name: string): Promise<void> {
  await ask(cluster, { method: "DELETE", path: `${paths[of]}/${segment(name)}` });
}

/** Whether definitions of a kind apply to indices that are made. */
export function isTemplate(of: NamedDefinitionKind): boolean {
  return of === "template" || of === "index-template" || of === "component-template";
}
