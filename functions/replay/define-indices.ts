import { ask, ClusterAnswerError } from "../core/cluster/json-request.ts";
import { supportedRelease } from "../core/definition/define-index.ts";
import { deleteIncarnation } from "../core/definition/delete-incarnation.ts";
import {
  differentSettings,
  type IndexDefinition,
  type JsonObject,
  readDefinitions,
  readMark,
} from "../core/definition/index-definition.ts";
import { isOfTheSystem } from "../core/definition/index-states.ts";
import { levelAliases } from "../core/definition/level-aliases.ts";
import { isAnalysis } from "../core/definition/level-analysis.ts";
import { readPrimaryState } from "../core/definition/primary-state.ts";
import { putUntilStill } from "../core/definition/put-until-still.ts";
import { translateSettings } from "../core/definition/translate-settings.ts";
import { sendWork } from "../core/queue/send-work.ts";
import { type DefineRecord, wholeIndexRecord } from "../core/replication/record.ts";
import { segment } from "../core/routing/path.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import { levelOpenness } from "./level-openness.ts";
import type { ReplayServices } from "./replay-batch.ts";

/**
 * Makes BACKUP's definitions equal to PRIMARY's present ones for all that the record's pattern names:
 * creates, updates mappings, settings and aliases, deletes. State, not requests: order does not matter.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function defineIndices(record: DefineRecord, services: ReplayServices): Promise<void> {
  const onPrimary = await readDefinitions(services.primary, record.pattern);
  const onBackup = await readDefinitions(services.backup, record.pattern);
  const named = new Set(record.pattern.split(","));
  const names = [...new Set([...onPrimary.keys(), ...onBackup.keys()])].filter(
    // A wildcard does not mean the products' own indices; those that replication made are kept level.
    (name) =>
      !name.startsWith("understudy-") &&
      (!isOfTheSystem(name) || named.has(name) || isMarked(onBackup.get(name))),
  );
  if (names.length === 0) return;
  const states = await readPrimaryState(services.primary, names);
  // Deletions first: a name that an index gives up may be an alias from now on.
  const gone = names.filter((name) => !states.has(name) && isMarked(onBackup.get(name)));
  const alive = [...states].filter(([name]) => onPrimary.has(name) && names.includes(name));
  const failures: string[] = [];
  const attempt = async (step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ClusterAnswerError) && !(error instanceof TruthUnsettled)) throw error;
      failures.push(error.message);
    }
  };
  for (const name of gone) await attempt(() => deleteOnBackup(name, services));
  for (const [name, state] of alive) {
    await attempt(async () => {
      services.incarnations.forget(state.incarnation.uuid);
      const readiness = await ensureIncarnation(state.incarnation, state, services);
      if (readiness.kind === "unknown") throw new TruthUnsettled(readiness.reason);
      await levelSettings(name, onPrimary.get(name), services);
    });
  }
  const level = alive.map(([name]) => name);
  if (level.length > 0) {
    await attempt(() => levelAliases(services.primary, services.backup, level));
    await attempt(() => levelOpenness(level, services));
  }
  if (failures.length > 0) throw new TruthUnsettled(failures.slice(0, 3).join("; "));
}

function isMarked(definition: IndexDefinition | undefined): boolean {
  return definition !== undefined && readMark(definition) !== undefined;
}

/**
 * PRIMARY has no such index: BACKUP's, which replication made, goes. Should PRIMARY's be back by now,
 * the index as a whole is reconciled, so that a deletion that came late cannot cost the successor anything.
 */
async function deleteOnBackup(name: string, services: ReplayServices): Promise<void> {
  const mark = readMark((await readDefinitions(services.backup, name)).get(name) ?? noDefinition);
  if (mark === undefined) return;
  const state = (await readPrimaryState(services.primary, [name])).get(name);
  if (state?.incarnation.uuid === mark.uuid) return;
  if ((await deleteIncarnation(services.backup, name, mark.uuid)) === "kept") return;
  services.incarnations.forget(mark.uuid);
  services.untranslated.replace(name, []);
  const after = (await readPrimaryState(services.primary, [name])).get(name);
  if (after !== undefined) {
    services.incarnations.forget(after.incarnation.uuid);
    await reconcileSoon(name, services);
  }
}

const noDefinition: IndexDefinition = { aliases: {}, mappings: {}, settings: {} };

async function reconcileSoon(index: string, services: ReplayServices): Promise<void> {
  await sendWork([wholeIndexRecord(index, "BACKUP's index was replaced", services.now())], services);
}

/** Settings that whoever runs BACKUP may add there. */
const backupsOwn: ReadonlySet<string> = new Set(["index.gc_deletes", "index.hidden"]);

async function levelSettings(
  name: string,
  source: IndexDefinition | undefined,
  services: ReplayServices,
): Promise<void> {
  await putUntilStill(
    source?.settings,
    async (settings) => settings !== undefined && (await putSettings(name, settings, services)),
    async () => (await readDefinitions(services.primary, name)).get(name)?.settings,
  );
}

/** @returns whether any was different. */
async function putSettings(name: string, source: JsonObject, services: ReplayServices): Promise<boolean> {
  const present = (await readDefinitions(services.backup, name)).get(name);
  if (present === undefined) return false;
  const target = await supportedRelease(services.backup);
  const { definition: wanted } = translateSettings(source, target);
  const reset = Object.keys(translateSettings(present.settings, target).definition).filter(
    (setting) => wanted[setting] === undefined && !backupsOwn.has(setting),
  );
  const changes = [
    ...differentSettings(wanted, present),
    ...reset.map((setting): [string, unknown] => [setting, null]),
  ].filter(([setting]) => !isAnalysis(setting));
  for (const [setting, value] of changes) {
    try {
      await ask(services.backup, {
        method: "PUT",
        path: `/${segment(name)}/_settings`,
        body: { [setting]: value },
      });
    } catch (error) {
      // Final or unknown on BACKUP: the documents do not depend on it.
      if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
      services.untranslated.add(name, { path: `settings/${setting}`, reason: error.message });
    }
  }
  return changes.length > 0;
}
