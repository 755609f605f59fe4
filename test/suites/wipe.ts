import { must, send } from "../support/client.ts";
import { elementsOf, type Fields, fieldsOf } from "./value.ts";

/** Where a cluster keeps what, in the answer of `_cluster/state/metadata`, and the path that each is deleted by. */
const kinds: readonly (readonly [path: string, deletedBy: string])[] = [
  ["data_stream.data_stream", "/_data_stream/"],
  ["indices", "/"],
  ["templates", "/_template/"],
  ["index_template.index_template", "/_index_template/"],
  ["component_template.component_template", "/_component_template/"],
  ["stored_scripts", "/_scripts/"],
  ["ingest.pipeline", "/_ingest/pipeline/"],
  ["search_pipeline.pipeline", "/_search/pipeline/"],
  ["repositories", "/_snapshot/"],
];

/** Deletes everything that a test may have left on PRIMARY, by way of the endpoint. */
export async function wipe(endpoint: string, primary: string): Promise<void> {
  const { metadata } = fieldsOf((await must(primary, { path: "/_cluster/state/metadata" })).json());
  await deleteSnapshots(endpoint, Object.keys(fieldsOf(at(fieldsOf(metadata), "repositories"))));
  for (const [path, deletedBy] of kinds) {
    for (const name of namesOf(at(fieldsOf(metadata), path))) {
      await send(endpoint, { method: "DELETE", path: `${deletedBy}${encodeURIComponent(name)}` });
    }
  }
  await resetSettings(endpoint, primary);
}

function at(metadata: Fields, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => fieldsOf(value)[name], metadata);
}

/** Pipelines come as an array of `{id, config}`, all others by their names. */
function namesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map((element) => String(fieldsOf(element)["id"]));
  return Object.keys(fieldsOf(value));
}

async function deleteSnapshots(endpoint: string, repositories: readonly string[]): Promise<void> {
  for (const repository of repositories) {
    const all = await send(endpoint, { path: `/_snapshot/${repository}/_all` });
    for (const snapshot of elementsOf(fieldsOf(all.json())["snapshots"])) {
      const name = encodeURIComponent(String(fieldsOf(snapshot)["snapshot"]));
      await send(endpoint, { method: "DELETE", path: `/_snapshot/${repository}/${name}` });
    }
  }
}

async function resetSettings(endpoint: string, primary: string): Promise<void> {
  const now = fieldsOf((await must(primary, { path: "/_cluster/settings?flat_settings=true" })).json());
  const none = ["persistent", "transient"].map((kind): [string, Fields] => [
    kind,
    Object.fromEntries(Object.keys(fieldsOf(now[kind])).map((name) => [name, null])),
  ]);
  if (none.every(([, settings]) => Object.keys(settings).length === 0)) return;
  await send(endpoint, { method: "PUT", path: "/_cluster/settings", body: Object.fromEntries(none) });
}
