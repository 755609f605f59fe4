import { type PrimaryState, readPrimaryState } from "../definition/primary-state.ts";
import { type DocumentKey, type ReplicaOperation, sliceOf } from "../replication/record.ts";
import { encodeVersion } from "../replication/version.ts";
import { type AbsenceServices, proveAbsence, sameLife } from "./absence.ts";
import { concreteKeys } from "./concrete-keys.ts";
import { awaitCopies, TruthUnsettled } from "./settled-progress.ts";
import { readStoredDocuments, type StoredDocument } from "./stored-documents.ts";

/** Operations that make one index's documents what PRIMARY holds now. */
export interface PresentOperations {
  readonly state: PrimaryState;
  readonly operations: readonly ReplicaOperation[];
}

/** PRIMARY cannot give back documents that it holds, today or ever: a person has to know. */
export class TruthNotKept extends Error {
  override readonly name = "TruthNotKept";
}

/** PRIMARY's present truth, as far as it can be told. */
export interface PresentTruth {
  readonly present: readonly PresentOperations[];
  /** Keys that PRIMARY cannot read now (a closed index, a shard that recovers, no `_source`), with one reason. */
  readonly unreadable: Unreadable | undefined;
}

export interface Unreadable {
  readonly keys: readonly DocumentKey[];
  readonly reason: string;
  /** Whether no later look can be any better, at none of them. */
  readonly forGood: boolean;
}

/** What whoever can do nothing else without these keys throws. */
export function unreadableError({ reason, forGood }: Unreadable): TruthNotKept | TruthUnsettled {
  return forGood ? new TruthNotKept(reason) : new TruthUnsettled(reason);
}

/**
 * PRIMARY's present truth for some keys, as operations for BACKUP, by concrete index. Keys whose index
 * PRIMARY does not have yield nothing: what BACKUP holds of them goes with the index.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function presentOperations(
  named: readonly DocumentKey[],
  services: AbsenceServices,
): Promise<PresentTruth> {
  const { primary } = services;
  const keys = await concreteKeys(primary, named);
  const indices = [...new Set(keys.map(({ index }) => index))];
  // Before and after the documents: what was read belongs to an incarnation that both agree on, and no
  // fail-over in between can have lost it.
  const before = await readPrimaryState(primary, indices);
  const living = keys.filter(({ index }) => before.has(index));
  const documents = await readStoredDocuments(primary, living, { withSource: true });
  for (const [index, { layout }] of before) await awaitCopies(index, documents, layout, services);
  const after = await readPrimaryState(primary, [...before.keys()]);
  const present: PresentOperations[] = [];
  const unreadable: DocumentKey[] = [];
  let [reason, forGood] = ["", true];
  for (const [index, known] of before) {
    const state = after.get(index);
    if (state === undefined || !sameLife(known, state)) {
      throw new TruthUnsettled(`[${index}] was recreated or has failed over just now`);
    }
    const { operations, missing, failed } = sorted(index, living, documents, services.epoch);
    unreadable.push(...failed.keys);
    reason ||= failed.reason;
    forGood &&= failed.forGood;
    present.push({
      state,
      operations: [...operations, ...(await absentOperations(missing, state, services))],
    });
  }
  return { present, unreadable: unreadable.length > 0 ? { keys: unreadable, reason, forGood } : undefined };
}

interface Sorted {
  readonly operations: readonly ReplicaOperation[];
  readonly missing: readonly DocumentKey[];
  readonly failed: Unreadable;
}

/** One index's documents by what PRIMARY said of them. */
function sorted(
  index: string,
  keys: readonly DocumentKey[],
  documents: readonly StoredDocument[],
  epoch: number,
): Sorted {
  const operations: ReplicaOperation[] = [];
  const missing: DocumentKey[] = [];
  const failed: DocumentKey[] = [];
  let [reason, forGood] = ["", true];
  for (const [i, key] of keys.entries()) {
    const document = documents[i];
    if (key.index !== index || document === undefined) continue;
    const operation = operationOf(document, epoch);
    if (operation !== undefined) operations.push(operation);
    else if (document.kind === "missing") missing.push(key);
    else if (document.kind !== "no-index") {
      failed.push(key);
      forGood &&= document.kind === "found";
      reason =
        document.kind === "unreadable"
          ? document.reason
          : `[${index}] keeps no _source: [${key.id}] cannot be read back`;
    }
  }
  return { operations, missing, failed: { keys: failed, reason, forGood } };
}

function operationOf(document: StoredDocument, epoch: number): ReplicaOperation | undefined {
  if (document.kind !== "found" || document.source === undefined) return undefined;
  const { id, routing, index, seqNo, primaryTerm, source } = document;
  return { id, routing, version: encodeVersion(index, epoch, primaryTerm, seqNo), document: sliceOf(source) };
}

async function absentOperations(
  keys: readonly DocumentKey[],
  known: PrimaryState,
  services: AbsenceServices,
): Promise<readonly ReplicaOperation[]> {
  if (keys.length === 0) return [];
  const { index } = known.incarnation;
  const { state, absences } = await proveAbsence(index, keys, services);
  if (state?.incarnation.uuid !== known.incarnation.uuid) {
    throw new TruthUnsettled(`[${index}] was recreated just now`);
  }
  return absences.flatMap((absence, i): readonly ReplicaOperation[] => {
    const key = keys[i];
    if (key === undefined || absence.kind === "never") return [];
    if (absence.kind === "absent") {
      return [{ id: key.id, routing: key.routing, version: absence.version, document: undefined }];
    }
    const operation = operationOf(absence.document, services.epoch);
    if (operation === undefined) throw new TruthUnsettled(`[${index}]: [${key.id}] cannot be read now`);
    return [operation];
  });
}
