import { ask } from "../core/cluster/json-request.ts";
import { readIndexStates } from "../core/definition/index-states.ts";
import { segment } from "../core/routing/path.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import type { ReplayServices } from "./replay-batch.ts";

/**
 * Closes and opens BACKUP's indices as PRIMARY's are. A record that comes to a closed one opens it again for
 * itself (`secondChance`), and has it levelled anew.
 * @throws TruthUnsettled when PRIMARY's changed meanwhile, ClusterError, ClusterAnswerError: try again later.
 */
export async function levelOpenness(
  names: readonly string[],
  { primary, backup }: ReplayServices,
): Promise<void> {
  const onPrimary = await readIndexStates(primary, names);
  const onBackup = await readIndexStates(backup, names);
  const different = [...onPrimary].filter(([name, state]) => (onBackup.get(name) ?? state) !== state);
  if (different.length === 0) return;
  for (const [name, state] of different) {
    await ask(backup, { method: "POST", path: `/${segment(name)}/_${state === "open" ? "open" : "close"}` });
  }
  const after = await readIndexStates(
    primary,
    different.map(([name]) => name),
  );
  const moved = different.find(([name, state]) => (after.get(name) ?? state) !== state);
  if (moved !== undefined) throw new TruthUnsettled(`PRIMARY's [${moved[0]}] was opened or closed meanwhile`);
}
