import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";
import { type Release, typelessQuery, unsupported } from "../cluster/release.ts";
import { segment } from "../routing/path.ts";
import type { IndexDefinition, JsonObject } from "./index-definition.ts";
import type { PrimaryState } from "./primary-state.ts";
import { putMapping } from "./put-mapping.ts";
import { type CreateRequest, createRequest } from "./translate.ts";
import type { Untranslated } from "./translate-settings.ts";

/**
 * Makes BACKUP's index with PRIMARY's definition, translated. What BACKUP refuses all the same is left out
 * piece by piece: documents must arrive, and a definition that is not quite PRIMARY's is better than none.
 * @returns what is not on BACKUP as it is on PRIMARY.
 * @throws ClusterError or ClusterAnswerError when BACKUP fails, or refuses even the bare index.
 */
export async function createIndex(
  backup: Cluster,
  source: IndexDefinition,
  { incarnation, layout }: PrimaryState,
): Promise<readonly Untranslated[]> {
  const target = await supportedRelease(backup);
  const request = createRequest(source, incarnation, layout, target);
  const { index } = incarnation;
  if ((await create(backup, index, request, target)) === undefined) return request.untranslated;
  const { settings, refused } = await createBare(backup, index, request, target);
  const lost = await putMapping(backup, index, { dynamic: true, ...request.mappings }, target);
  const dropped = Object.keys(request.settings).filter((name) => !(name in settings));
  const reasons = dropped.map((name) => ({
    path: `settings/${name}`,
    reason: refused ?? "BACKUP refuses it",
  }));
  return [...request.untranslated, ...reasons, ...lost];
}

/**
 * What BACKUP runs.
 * @throws ClusterError `refused` when the gateway does not work with it, or it cannot say.
 */
export async function supportedRelease(backup: Cluster): Promise<Release> {
  const release = await backup.release();
  const reason = unsupported(backup.name, release);
  if (reason !== undefined) throw new ClusterError(backup.name, "refused", reason);
  return release;
}

type Definition = Pick<CreateRequest, "settings" | "mappings" | "aliases">;

/** @returns why BACKUP refuses the definition; `undefined` when the index is made. */
async function create(
  backup: Cluster,
  index: string,
  { settings, mappings, aliases }: Definition,
  target: Release,
): Promise<string | undefined> {
  try {
    await ask(backup, {
      method: "PUT",
      path: `/${segment(index)}`,
      query: typelessQuery(target),
      body: { settings, mappings, aliases },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
    if (error.type === "resource_already_exists_exception") throw error;
    return error.message;
  }
}

/** What a mapping has from its beginning or never. */
const fromTheBeginning = ["_meta", "_routing", "_source"];

/** Without these the documents would not be where they are on PRIMARY. */
const essential =
  /^index\.(number_of_shards|number_of_replicas|auto_expand_replicas|routing_partition_size|number_of_routing_shards)$/;

/** Settings with a bare mapping; those that BACKUP names in its refusals go, then all but the essential. */
async function createBare(
  backup: Cluster,
  index: string,
  { settings, mappings, aliases }: Definition,
  target: Release,
): Promise<{ readonly settings: JsonObject; readonly refused: string | undefined }> {
  const kept = Object.entries(mappings).filter(([name]) => fromTheBeginning.includes(name));
  // Until the mapping is whole, no document may make fields of its own.
  const bare = { ...Object.fromEntries(kept), dynamic: false };
  let remaining = settings;
  let reason: string | undefined;
  for (;;) {
    const refusal = await create(backup, index, { settings: remaining, mappings: bare, aliases }, target);
    if (refusal === undefined) return { settings: remaining, refused: reason };
    reason = refusal;
    const fewer = withoutNamed(remaining, refusal);
    if (Object.keys(fewer).length === Object.keys(remaining).length) {
      throw new ClusterError(backup.name, "refused", `BACKUP does not take the index [${index}]: ${refusal}`);
    }
    remaining = fewer;
  }
}

function withoutNamed(settings: JsonObject, refusal: string): JsonObject {
  const names = Object.keys(settings).filter((name) => !essential.test(name));
  const named = names.filter((name) => refusal.includes(`[${name}]`));
  const gone = new Set(named.length > 0 ? named : names);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !gone.has(name)));
}
