import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Release } from "../cluster/release.ts";
import { segment } from "../routing/path.ts";
import { differentSettings, type IndexDefinition } from "./index-definition.ts";
import { setIndexState } from "./index-states.ts";
import { translateSettings, type Untranslated } from "./translate-settings.ts";

/** What a mapping refers to, and what only a closed index takes. */
const analysis = /^index\.(analysis|similarity)\./;

/** Whether a setting is levelled with the analysis, before the mapping. */
export function isAnalysis(setting: string): boolean {
  return analysis.test(setting);
}

/** An index on both sides. */
export interface AnalysedIndex {
  readonly index: string;
  readonly source: IndexDefinition;
  readonly present: IndexDefinition;
}

/**
 * Gives BACKUP's index PRIMARY's analyzers and similarities, before the mapping that names them. An index
 * takes them only while it is closed, on either side: records of it wait for that moment, or open it for
 * themselves. Where one did before the analysis was on, this throws, so that the mapping is not merged without
 * it. What BACKUP refuses of a closed index is not tried again by this process, so that an index is not closed
 * in vain again and again.
 * @returns what BACKUP does not take.
 * @throws ClusterError or ClusterAnswerError when BACKUP fails or the index was opened meanwhile: try again later.
 */
export type LevelAnalysis = (on: AnalysedIndex, target: Release) => Promise<readonly Untranslated[]>;

/** Levels the analysis of BACKUP's indices. */
export function createAnalysisLevelling(backup: Cluster): LevelAnalysis {
  const refused = new Map<string, readonly Untranslated[]>();
  return async ({ index, source, present }, target) => {
    const { definition: wanted } = translateSettings(source.settings, target);
    const different = differentSettings(wanted, present).filter(([name]) => isAnalysis(name));
    if (different.length === 0) return [];
    const attempt = JSON.stringify([index, different]);
    const before = refused.get(attempt);
    if (before !== undefined) return before;
    await setIndexState(backup, index, "closed");
    try {
      const path = `/${segment(index)}/_settings`;
      await ask(backup, { method: "PUT", path, body: Object.fromEntries(different) });
      return [];
    } catch (error) {
      if (!(error instanceof ClusterAnswerError) || error.status !== 400 || wasOpen(error)) throw error;
      const { message: reason } = error;
      const untranslated = different.map(([name]) => ({ path: `settings/${name}`, reason }));
      refused.set(attempt, untranslated);
      return untranslated;
    } finally {
      // One that was closed before is opened by whoever says that it is to be open.
      const wasClosed = present.settings["index.verified_before_close"] === "true";
      if (!wasClosed) await setIndexState(backup, index, "open");
    }
  };
}

/** "Can't update non dynamic settings [...] for open indices [...]", the same words in all versions. */
function wasOpen({ message }: ClusterAnswerError): boolean {
  return message.includes("for open indices");
}
