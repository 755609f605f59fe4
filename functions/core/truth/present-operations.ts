import { type PrimaryState, readPrimaryState } from "../definition/primary-state.ts";
import type { DocumentKey, ReplicaOperation } from "../replication/record.ts";
import { encodeVersion } from "../replication/version.ts";
import { type AbsenceServices, proveAbsence, TruthUnsettled } from "./absence.ts";
import { readStoredDocuments, type StoredDocument } from "./stored-documents.ts";

/** Operations that make one index's documents what PRIMARY holds now. */
export interface PresentOperations {
  readonly state: PrimaryState;
  readonly operations: readonly ReplicaOperation[];
}

/**
 * PRIMARY's present truth for some keys, as operations for BACKUP, by concrete index. Keys whose index
 * PRIMARY does not have yield nothing: what BACKUP holds of them goes with the index.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function presentOperations(
  keys: readonly DocumentKey[],
  services: AbsenceServices,
): Promise<readonly PresentOperations[]> {
  const documents = await readStoredDocuments(services.primary, keys, { withSource: true });
  const found = new Map<string, StoredDocument[]>();
  const missing = new Map<string, DocumentKey[]>();
  for (const [i, key] of keys.entries()) {
    const document = documents[i];
    if (document?.kind === "found") group(found, document.index).push(document);
    if (document?.kind === "missing") {
      const index = document.index || key.index;
      group(missing, index).push({ ...key, index });
    }
    if (document?.kind === "unreadable") throw new TruthUnsettled(document.reason);
  }
  const indices = [...new Set([...found.keys(), ...missing.keys()])];
  if (indices.length === 0) return [];
  // After the documents: a state of the same incarnation before and after is checked where it matters.
  const states = await readPrimaryState(services.primary, indices);
  const present: PresentOperations[] = [];
  for (const index of indices) {
    const state = states.get(index);
    if (state === undefined) continue;
    const absent = await absentOperations(index, missing.get(index) ?? [], services, state);
    present.push({ state, operations: [...operationsOf(found.get(index) ?? [], services.epoch), ...absent] });
  }
  return present;
}

function group<T>(groups: Map<string, T[]>, name: string): T[] {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const made: T[] = [];
  groups.set(name, made);
  return made;
}

function operationsOf(documents: readonly StoredDocument[], epoch: number): readonly ReplicaOperation[] {
  return documents.flatMap((document): ReplicaOperation[] => {
    if (document.kind !== "found") return [];
    const { id, routing, index, seqNo, primaryTerm, source } = document;
    if (source === undefined)
      throw new TruthUnsettled(`[${index}] keeps no _source: [${id}] cannot be read back`);
    return [{ id, routing, version: encodeVersion(index, epoch, primaryTerm, seqNo), document: source }];
  });
}

async function absentOperations(
  index: string,
  keys: readonly DocumentKey[],
  services: AbsenceServices,
  known: PrimaryState,
): Promise<readonly ReplicaOperation[]> {
  if (keys.length === 0) return [];
  const { state, absences } = await proveAbsence(index, keys, services);
  if (state?.incarnation.uuid !== known.incarnation.uuid)
    throw new TruthUnsettled(`[${index}] was recreated just now`);
  return absences.flatMap((absence, i): readonly ReplicaOperation[] => {
    const key = keys[i];
    if (key === undefined || absence.kind === "never") return [];
    if (absence.kind === "other") return operationsOf([absence.document], services.epoch);
    return [{ id: key.id, routing: key.routing, version: absence.version, document: undefined }];
  });
}
