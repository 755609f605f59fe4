import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Release } from "../cluster/release.ts";
import { segment } from "../routing/path.ts";
import type { IndexDefinition } from "./index-definition.ts";
import { translateSettings } from "./translate-settings.ts";

/** What a mapping refers to, and what only a closed index takes. */
const analysis = /^index\.(analysis|similarity)\./;

/** Whether a setting is levelled here, before the mapping. */
export function isAnalysis(setting: string): boolean {
  return analysis.test(setting);
}

/**
 * Gives BACKUP's index PRIMARY's analyzers and similarities, before the mapping that names them. An index
 * takes them only while it is closed, on either side: records of it wait for that moment. One that an
 * earlier, interrupted levelling left closed is opened.
 * @throws ClusterError or ClusterAnswerError when BACKUP fails; a refusal is the mapping's to deal with.
 */
export async function levelAnalysis(
  backup: Cluster,
  index: string,
  source: IndexDefinition,
  present: IndexDefinition,
  target: Release,
): Promise<void> {
  const path = `/${segment(index)}`;
  const open = () => ask(backup, { method: "POST", path: `${path}/_open` });
  if (present.settings["index.verified_before_close"] === "true") await open();
  const wanted = Object.entries(translateSettings(source.settings, target).definition);
  const different = wanted.filter(
    ([name, value]) => isAnalysis(name) && JSON.stringify(present.settings[name]) !== JSON.stringify(value),
  );
  if (different.length === 0) return;
  await ask(backup, { method: "POST", path: `${path}/_close` });
  try {
    const body = Object.fromEntries(different);
    await ask(backup, { method: "PUT", path: `${path}/_settings`, body });
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
  } finally {
    await open();
  }
}
