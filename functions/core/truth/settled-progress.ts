import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { type PrimaryState, readPrimaryState } from "../definition/primary-state.ts";
import { type ShardLayout, shardOf } from "../replication/shard.ts";
import { encodeVersion } from "../replication/version.ts";
import { segment } from "../routing/path.ts";
import { readProgress, type ShardProgress } from "./checkpoint.ts";
import type { FoundDocument, StoredDocument } from "./stored-documents.ts";

/** PRIMARY kept changing while it was asked; trying again later is right. */
export class TruthUnsettled extends Error {
  override readonly name = "TruthUnsettled";
}

interface ProgressServices {
  readonly primary: Cluster;
  readonly sleep: (ms: number) => Promise<void>;
}

type Progress = ReadonlyMap<number, ShardProgress>;

/**
 * How far each shard is, once every operation that had a number when this was called is on every copy.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError.
 */
export async function settledProgress(index: string, services: ProgressServices): Promise<Progress> {
  const first = await readProgress(services.primary, index);
  const begun = new Map([...first].map(([shard, { maxSeqNo }]) => [shard, maxSeqNo]));
  return progressPast(index, begun, first, services);
}

/**
 * Resolves when the operations that left the documents as they were read are on every copy. A realtime read
 * shows an operation as soon as the primary shard has it, and a fail-over can lose it until then. If the terms
 * have not moved from before that read until after this, none can any more.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError.
 */
export async function awaitCopies(
  index: string,
  documents: readonly StoredDocument[],
  layout: ShardLayout,
  services: ProgressServices,
): Promise<void> {
  const highest = new Map<number, number>();
  for (const document of documents) {
    if (document.kind !== "found" || document.index !== index) continue;
    const shard = shardOf(document.id, document.routing, layout);
    highest.set(shard, Math.max(highest.get(shard) ?? -1, Number(document.seqNo)));
  }
  if (highest.size === 0) return;
  await progressPast(index, highest, await readProgress(services.primary, index), services);
}

/**
 * Tells of documents of an index that were read before this was called whether each one's operation is on every
 * copy, and of the present primary term: then no fail-over can lose it. Nothing is waited for.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function readLasting(
  index: string,
  primary: Cluster,
): Promise<(document: FoundDocument) => boolean> {
  const progress = await readProgress(primary, index);
  const state = (await readPrimaryState(primary, [index])).get(index);
  if (state === undefined) return () => false;
  return ({ id, routing, seqNo, primaryTerm }) => {
    const shard = shardOf(id, routing, state.layout);
    const checkpoint = progress.get(shard)?.globalCheckpoint ?? -1;
    return state.terms[String(shard)] === Number(primaryTerm) && checkpoint >= Number(seqNo);
  };
}

/**
 * A version that no operation which a shard had finished by this progress is above; `undefined` where it has had none.
 * @param progress of the state's index, read after the state.
 * @throws TruthUnsettled when the shard does not say how far it is.
 */
export function shardGuard(
  { incarnation: { index }, terms }: PrimaryState,
  shard: number,
  progress: Progress,
  epoch: number,
): string | undefined {
  const checkpoint = progress.get(shard)?.globalCheckpoint;
  const term = terms[String(shard)];
  if (checkpoint === undefined || term === undefined) {
    throw new TruthUnsettled(`shard ${shard} of [${index}] does not say how far it is`);
  }
  return checkpoint < 0 ? undefined : encodeVersion(index, epoch, String(term), String(checkpoint));
}

/** Looks, three quarters of a second together, before PRIMARY is asked to flush. */
const looksBeforeFlush = 5;

async function progressPast(
  index: string,
  wanted: ReadonlyMap<number, number>,
  first: Progress,
  services: ProgressServices,
): Promise<Progress> {
  let last = first;
  for (let tries = 0; tries < 20; tries++) {
    const reached = [...wanted].every(
      ([shard, number]) => (last.get(shard)?.globalCheckpoint ?? -1) >= number,
    );
    if (reached) return last;
    if (tries === looksBeforeFlush) await flush(index, services.primary);
    await services.sleep(50 * (tries + 1));
    last = await readProgress(services.primary, index);
  }
  throw new TruthUnsettled(`operations on [${index}] that were begun do not finish`);
}

/**
 * A document that Lucene refuses (a term above 32,766 bytes, for example) has a number, which counts as finished only
 * once it is on disk: with the shard's next write, or with a flush (seen on Elasticsearch 7.10 and 8.19 and OpenSearch
 * 2.19; without either nothing moved for 34 s). Whoever may not flush waits for the next write.
 */
async function flush(index: string, primary: Cluster): Promise<void> {
  try {
    await ask(primary, { method: "POST", path: `/${segment(index)}/_flush` });
  } catch (error) {
    if (!(error instanceof ClusterAnswerError)) throw error;
  }
}
