import { ask } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { incarnationAlias } from "../replication/incarnation.ts";
import { segment } from "../routing/path.ts";
import { supportedRelease } from "./define-index.ts";
import { type IndexDefinition, type JsonObject, readDefinitions } from "./index-definition.ts";
import { createAnalysisLevelling, type LevelAnalysis } from "./level-analysis.ts";
import type { PrimaryState } from "./primary-state.ts";
import { putMapping } from "./put-mapping.ts";
import { putUntilStill } from "./put-until-still.ts";
import { createRequest } from "./translate.ts";
import type { Untranslated } from "./translate-settings.ts";
import type { UntranslatedList } from "./untranslated.ts";

/** Makes BACKUP's index, as it is there, stand for an incarnation. */
export type Adopt = (source: IndexDefinition, present: IndexDefinition, state: PrimaryState) => Promise<void>;

/** Adopts until PRIMARY's definition stands still. What BACKUP does not take goes on the list. */
export function createAdoption(
  primary: Cluster,
  backup: Cluster,
  untranslated: Pick<UntranslatedList, "replace">,
): Adopt {
  const levelAnalysis = createAnalysisLevelling(backup);
  return async (source, present, state) => {
    const { index, uuid } = state.incarnation;
    let seen = source;
    await putUntilStill(
      rootOf(source),
      async () => {
        untranslated.replace(index, await adopt({ backup, levelAnalysis }, seen, present, state));
        return true;
      },
      async () => {
        const now = (await readDefinitions(primary, index)).get(index);
        if (now?.settings["index.uuid"] === uuid) seen = now;
        return rootOf(seen);
      },
    );
  };
}

/** BACKUP's index gets PRIMARY's analysis and mapping, the mark and the incarnation's alias. */
async function adopt(
  { backup, levelAnalysis }: { readonly backup: Cluster; readonly levelAnalysis: LevelAnalysis },
  source: IndexDefinition,
  present: IndexDefinition,
  { incarnation, layout }: PrimaryState,
): Promise<readonly Untranslated[]> {
  const { index, uuid } = incarnation;
  const target = await supportedRelease(backup);
  const alias = incarnationAlias(uuid);
  // The alias first: without it no record can be applied; with it the mapping can still be repaired.
  if (present.aliases[alias] === undefined) {
    await ask(backup, { method: "PUT", path: `/${segment(index)}/_alias/${segment(alias)}` });
  }
  const refused = await levelAnalysis({ index, source, present }, target);
  const { settings, mappings, untranslated } = createRequest(source, incarnation, layout, target);
  // BACKUP's was made piece by piece, and whoever did it may have died before this was put back.
  const dynamic = "dynamic" in present.mappings && { dynamic: true };
  const lost = await putMapping(backup, index, { ...dynamic, ...mappings }, target);
  return [...untranslated, ...unsorted(settings, present), ...refused, ...lost];
}

/** An index gets its order when it is made or never. */
function unsorted(settings: JsonObject, present: IndexDefinition): readonly Untranslated[] {
  const names = Object.keys(settings).filter((name) => name.startsWith("index.sort."));
  return names
    .filter((name) => !(name in present.settings))
    .map((name) => ({ path: `settings/${name}`, reason: "BACKUP's index was made without it" }));
}

/** What a mapping can change back and forth: fields only come. */
function rootOf({ mappings: { properties: _fields, ...root } }: IndexDefinition): JsonObject {
  return root;
}
