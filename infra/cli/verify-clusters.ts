import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { CannotTell } from "./cannot-tell.ts";
import { compareIndex, type IndexLook, lookAt } from "./compare-index.ts";
import type { Rules, Suspect } from "./judge-document.ts";
import { countDocuments, type NamedIndex, readMarks, readNamedIndices } from "./named-indices.ts";
import type { ReachedClusters } from "./reach-clusters.ts";

export interface VerifyOptions {
  readonly pattern: string;
  readonly sources: boolean;
  /** How often what differs is looked at again, at least once. */
  readonly looks: number;
  /**
   * Gives what is on its way its time. Resolves with `true` when nothing is on its way any more: what has
   * not changed then will not.
   */
  readonly settle: () => Promise<boolean>;
  /** Documents of PRIMARY that were compared, of so many in all. */
  readonly onProgress: (compared: number, total: number) => void;
}

/**
 * One index after the last look.
 * - `compared`: `suspects` is what differs; `moving` of them still changed between the last two looks.
 * - `only-on-primary`, `only-on-backup`: the other side has no such index.
 * - `unknown`: it could not be compared, for the reason given.
 */
export type IndexResult =
  | {
      readonly kind: "compared";
      readonly index: string;
      readonly rules: Rules;
      readonly look: IndexLook;
      /** Seen the same at two looks in a row, by key. */
      readonly lasting: ReadonlySet<Suspect>;
    }
  | {
      readonly kind: "only-on-primary" | "only-on-backup";
      readonly index: string;
      readonly documents: number;
    }
  | { readonly kind: "unknown"; readonly index: string; readonly reason: string };

/**
 * Compares both clusters, then looks again at what differs. Clients and replay may write meanwhile.
 * @throws ClusterError when a cluster cannot be reached.
 */
export async function verifyClusters(
  clusters: ReachedClusters,
  options: VerifyOptions,
): Promise<readonly IndexResult[]> {
  let results = await firstLook(clusters, options);
  for (let look = 0; look < Math.max(1, options.looks) && results.some(isDoubtful); look++) {
    const settled = await options.settle();
    const again: IndexResult[] = [];
    for (const result of results) {
      const seen = await lookAgain(result, clusters, options);
      if (seen !== undefined) again.push(seen);
    }
    results = again;
    if (settled && results.every(isLasting)) break;
  }
  return results;
}

function isDoubtful(result: IndexResult): boolean {
  if (result.kind === "compared") return result.look.suspects.length > 0;
  return result.kind !== "unknown";
}

/** Whether another look would only see the same again. */
function isLasting(result: IndexResult): boolean {
  return result.kind !== "compared" || result.lasting.size === result.look.suspects.length;
}

interface BothSides {
  readonly onPrimary: ReadonlyMap<string, NamedIndex>;
  readonly onBackup: ReadonlyMap<string, NamedIndex>;
  readonly marks: ReadonlyMap<string, string>;
}

async function readBothSides({ primary, backup }: ReachedClusters, pattern: string): Promise<BothSides> {
  const [onPrimary, onBackup, marks] = await Promise.all([
    readNamedIndices(primary, pattern),
    readNamedIndices(backup, pattern),
    readMarks(backup, pattern),
  ]);
  return { onPrimary, onBackup, marks };
}

async function firstLook(clusters: ReachedClusters, options: VerifyOptions): Promise<readonly IndexResult[]> {
  const sides = await readBothSides(clusters, options.pattern);
  const names = [...new Set([...sides.onPrimary.keys(), ...sides.onBackup.keys()])].sort();
  let total = 0;
  for (const [name, { open }] of sides.onPrimary)
    if (open) total += await countDocuments(clusters.primary, name);
  let compared = 0;
  const onPage = (documents: number) => {
    compared += documents;
    options.onProgress(compared, Math.max(compared, total));
  };
  const results: IndexResult[] = [];
  for (const name of names) {
    const result = await compareNamed(name, sides, clusters, options, onPage);
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** `undefined` when neither side has the index any more. */
async function compareNamed(
  index: string,
  { onPrimary, onBackup, marks }: BothSides,
  clusters: ReachedClusters,
  options: VerifyOptions,
  onPage: (documents: number) => void,
): Promise<IndexResult | undefined> {
  const { primary, backup, epoch } = clusters;
  const [truth, held] = [onPrimary.get(index), onBackup.get(index)];
  const closed = [truth?.open === false && "PRIMARY", held?.open === false && "BACKUP"].filter(Boolean);
  if (closed.length > 0) return { kind: "unknown", index, reason: `it is closed on ${closed.join(" and ")}` };
  try {
    if (truth === undefined && held === undefined) return undefined;
    if (truth === undefined)
      return { kind: "only-on-backup", index, documents: await countDocuments(backup, index) };
    if (held === undefined)
      return { kind: "only-on-primary", index, documents: await countDocuments(primary, index) };
    const rules = { epoch, comparable: marks.get(index) === truth.uuid };
    const shards = { primaryShards: truth.shards, backupShards: held.shards };
    const { sources } = options;
    const look = await compareIndex({ index, primary, backup, ...shards, rules, sources, onPage });
    return { kind: "compared", index, rules, look, lasting: new Set() };
  } catch (error) {
    return unknown(index, error);
  }
}

/** An index's own trouble leaves the others comparable; a cluster that is away ends the whole. */
function unknown(index: string, error: unknown): IndexResult {
  if (error instanceof ClusterAnswerError || error instanceof CannotTell) {
    return { kind: "unknown", index, reason: error.message };
  }
  throw error;
}

/** `undefined` when neither side has the index any more. */
async function lookAgain(
  before: IndexResult,
  clusters: ReachedClusters,
  options: VerifyOptions,
): Promise<IndexResult | undefined> {
  if (!isDoubtful(before)) return before;
  if (before.kind === "compared" && !before.look.cut) return lookAtSuspects(before, clusters);
  const sides = await readBothSides(clusters, before.index);
  const again = await compareNamed(before.index, sides, clusters, options, () => undefined);
  // A look at everything has no earlier one to compare with: what it finds counts.
  return again?.kind === "compared" ? { ...again, lasting: new Set(again.look.suspects) } : again;
}

async function lookAtSuspects(
  before: Extract<IndexResult, { kind: "compared" }>,
  clusters: ReachedClusters,
): Promise<IndexResult> {
  const { index, rules, look } = before;
  try {
    const keys = look.suspects.map(({ key }) => key);
    const suspects = await lookAt(keys, { ...clusters, rules });
    const seenBefore = new Map(look.suspects.map(({ key, seen }) => [nameOf(key), seen]));
    const lasting = suspects.filter(({ key, seen }) => seenBefore.get(nameOf(key)) === seen);
    const counts = { missing: 0, extra: 0, different: 0 };
    for (const { kind } of suspects) counts[kind]++;
    return { ...before, look: { ...look, suspects, counts }, lasting: new Set(lasting) };
  } catch (error) {
    return unknown(index, error);
  }
}

function nameOf({ id, routing }: Suspect["key"]): string {
  return JSON.stringify([id, routing]);
}
