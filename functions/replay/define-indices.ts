import { ask, ClusterAnswerError } from "../core/cluster/json-request.ts";
import { deleteIncarnation } from "../core/definition/delete-incarnation.ts";
import { readDefinitions, readMark } from "../core/definition/index-definition.ts";
import { readPrimaryState } from "../core/definition/primary-state.ts";
import { type IndexDefinition, type JsonObject, portableSettings } from "../core/definition/translate.ts";
import type { DefineRecord } from "../core/replication/record.ts";
import { segment } from "../core/routing/path.ts";
import { TruthUnsettled } from "../core/truth/absence.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import type { ReplayServices } from "./replay-batch.ts";
import { sendRecord } from "./send-record.ts";

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
    // A wildcard does not mean the system's own indices; those that replication made are kept level.
    (name) =>
      !name.startsWith("understudy-") &&
      (!name.startsWith(".") || named.has(name) || isMarked(onBackup.get(name))),
  );
  if (names.length === 0) return;
  const states = await readPrimaryState(services.primary, names);
  for (const name of names) {
    const state = states.get(name);
    const source = onPrimary.get(name);
    const present = onBackup.get(name);
    if (state === undefined) {
      if (present !== undefined && readMark(present) !== undefined) await deleteOnBackup(name, services);
    } else if (source !== undefined) {
      services.incarnations.forget(state.incarnation.uuid);
      const readiness = await ensureIncarnation(state.incarnation, state, services);
      if (readiness.kind === "unknown") throw new TruthUnsettled(readiness.reason);
      await levelSettingsAndAliases(name, source, services);
    }
  }
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
  if (!(await deleteIncarnation(services.backup, name, mark.uuid))) return;
  services.incarnations.forget(mark.uuid);
  const after = (await readPrimaryState(services.primary, [name])).get(name);
  if (after !== undefined) {
    services.incarnations.forget(after.incarnation.uuid);
    await reconcileSoon(name, services);
  }
}

const noDefinition: IndexDefinition = { aliases: {}, mappings: {}, settings: {} };

async function reconcileSoon(index: string, services: ReplayServices): Promise<void> {
  const reason = "BACKUP's index was replaced";
  const record = {
    kind: "reconcile-index",
    writtenAtMs: services.now(),
    reason,
    index,
    cursor: undefined,
  } as const;
  await sendRecord(record, services);
}

async function levelSettingsAndAliases(
  name: string,
  source: IndexDefinition,
  services: ReplayServices,
): Promise<void> {
  const present = (await readDefinitions(services.backup, name)).get(name);
  if (present === undefined) return;
  await levelSettings(name, source, present, services);
  const actions = aliasActions(name, source.aliases, present.aliases);
  if (actions.length > 0)
    await ask(services.backup, { method: "POST", path: "/_aliases", body: { actions } });
}

async function levelSettings(
  name: string,
  source: IndexDefinition,
  present: IndexDefinition,
  services: ReplayServices,
): Promise<void> {
  const different = Object.entries(portableSettings(source.settings)).filter(
    ([setting, value]) => JSON.stringify(present.settings[setting]) !== JSON.stringify(value),
  );
  for (const [setting, value] of different) {
    try {
      await ask(services.backup, {
        method: "PUT",
        path: `/${segment(name)}/_settings`,
        body: { [setting]: value },
      });
    } catch (error) {
      // Final or unknown on BACKUP: the documents do not depend on it.
      if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
      services.telemetry.warn("a setting does not go over to BACKUP", {
        index: name,
        setting,
        reason: error.message,
      });
    }
  }
}

/** What turns BACKUP's aliases of an index into PRIMARY's; replication's own alias stays. */
function aliasActions(index: string, wanted: JsonObject, present: JsonObject): readonly JsonObject[] {
  const add = Object.entries(wanted)
    .filter(([alias, body]) => JSON.stringify(present[alias]) !== JSON.stringify(body))
    .map(([alias, body]) => ({ add: { index, alias, ...(typeof body === "object" ? body : {}) } }));
  const remove = Object.keys(present)
    .filter((alias) => wanted[alias] === undefined && !alias.startsWith("understudy-"))
    .map((alias) => ({ remove: { index, alias } }));
  return [...add, ...remove];
}
