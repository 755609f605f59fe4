import type { Outcome } from "../core/bulk/outcome.ts";
import type { Cluster } from "../core/cluster/port.ts";
import type { PrimaryCatalog, PrimaryIndex } from "../core/definition/primary-catalog.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import type { ByteSlice, DocumentKey, ReplicaOperation } from "../core/replication/record.ts";
import { encodeVersion, VersionOverflow } from "../core/replication/version.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";
import { otherNames } from "./other-names.ts";
import type { IsCertain } from "./sightings.ts";
import { storedOperations } from "./stored-operations.ts";

/** What is to be made true on BACKUP after one request. */
export interface AcceptedWrites {
  readonly byIncarnation: readonly {
    readonly incarnation: Incarnation;
    readonly operations: readonly ReplicaOperation[];
  }[];
  /** Documents that may or may not have been written. */
  readonly unknown: readonly DocumentKey[];
}

/** One operation of the request with PRIMARY's outcome. */
export interface AnsweredOperation {
  /** As the client named it; the id is the gateway's where the client gave none. */
  readonly key: DocumentKey;
  readonly outcome: Outcome;
  /** The bytes to store when PRIMARY stored what it was sent; an update's come from the answer. */
  readonly document: ByteSlice | undefined;
  /** A pipeline that the request names may have changed the document. */
  readonly namesPipeline: boolean;
}

export interface AcceptedWritesServices {
  readonly primary: Cluster;
  readonly catalog: PrimaryCatalog;
  readonly epoch: number;
  readonly telemetry: Telemetry;
}

/**
 * Turns outcomes into operations for BACKUP. What cannot be told for certain (no sequence number, a server
 * error for an item, PRIMARY gone before it named the index's incarnation) becomes unknown, never nothing.
 */
export async function acceptedWrites(
  answered: readonly AnsweredOperation[],
  services: AcceptedWritesServices,
  isCertain: IsCertain = () => true,
): Promise<AcceptedWrites> {
  const unknown: DocumentKey[] = [];
  const byIndex = new Map<string, AnsweredOperation[]>();
  for (const operation of answered) {
    const { outcome } = operation;
    if (outcome.kind === "written") {
      // The first operation of a shard's life: the index may be another one than the catalog knows.
      if (outcome.seqNo === "0") services.catalog.forget(outcome.index);
      const known = byIndex.get(outcome.index);
      if (known === undefined) byIndex.set(outcome.index, [operation]);
      else known.push(operation);
    } else if (outcome.kind === "unsequenced") {
      unknown.push(...addressesOf(operation));
    } else if (outcome.kind === "unreadable" || (outcome.kind === "rejected" && outcome.status >= 500)) {
      unknown.push(operation.key);
    }
  }
  const groups = await Promise.all(
    [...byIndex].map(([index, operations]) => operationsOf(index, operations, services, isCertain)),
  );
  return {
    byIncarnation: groups.flatMap(({ incarnation, operations }) =>
      incarnation && operations.length > 0 ? [{ incarnation, operations }] : [],
    ),
    unknown: [...unknown, ...groups.flatMap((group) => group.unknown)],
  };
}

interface IndexWrites {
  readonly incarnation: Incarnation | undefined;
  readonly operations: readonly ReplicaOperation[];
  readonly unknown: readonly DocumentKey[];
}

async function operationsOf(
  index: string,
  answered: readonly AnsweredOperation[],
  services: AcceptedWritesServices,
  isCertain: IsCertain,
): Promise<IndexWrites> {
  const described = await services.catalog.describe(index).catch((error: unknown) => {
    services.telemetry.warn("PRIMARY wrote and cannot be asked about the index", {
      index,
      error: String(error),
    });
    return undefined;
  });
  if (described === undefined) {
    return { incarnation: undefined, operations: [], unknown: answered.flatMap(addressesOf) };
  }
  const names = await namesOf(described, answered, services);
  const certain = isCertain(described.incarnation);
  if (described.aliasRouting.size > 0 || answered.some(({ key }) => key.routing !== undefined))
    services.catalog.noteRouting(index);
  const keepsRouting = answered.some(isUpdated) && (await mayUseRouting(index, services));
  const operations: ReplicaOperation[] = [];
  const unknown: DocumentKey[] = [];
  const stored: DocumentKey[] = [];
  const sent: ReplicaOperation[] = [];
  for (const each of answered) {
    const key = concreteKey(each, described);
    const changed = described.hasPipeline || each.namesPipeline || isElsewhere(each, names);
    const differs = (keepsRouting && isUpdated(each)) || (changed && isIndexed(each.outcome));
    const operation = differs ? undefined : operationOf(each, key, services);
    if (differs || !certain) {
      stored.push(key);
      if (operation?.document !== undefined) sent.push(operation);
    } else if (operation === undefined) unknown.push(key);
    else operations.push(operation);
  }
  if (stored.length === 0) return { incarnation: described.incarnation, operations, unknown };
  const outcomes = answered.map(({ outcome }) => outcome);
  const read = await storedOperations(index, stored, outcomes, sent, services);
  return {
    incarnation: described.incarnation,
    operations: [...operations, ...read.operations],
    unknown: [...unknown, ...read.unknown],
  };
}

function isUpdated({ outcome }: AnsweredOperation): boolean {
  return outcome.kind === "written" && outcome.source !== undefined;
}

async function mayUseRouting(index: string, services: AcceptedWritesServices): Promise<boolean> {
  return services.catalog.usesRouting(index).catch(() => true);
}

/**
 * A document was written that a pipeline may have changed. An update's answer is no proof: of a single `_update`
 * it shows the document before the pipelines that the updated document then goes through (Elasticsearch 7.10.2).
 */
function isIndexed(outcome: Outcome): boolean {
  return outcome.kind === "written" && outcome.result === "index";
}

/** PRIMARY wrote to another address than it was asked to, and not by another name of it: a pipeline's work. */
function isElsewhere({ key, outcome }: AnsweredOperation, names: ReadonlySet<string>): boolean {
  if (outcome.kind !== "written") return false;
  return !names.has(key.index) || (key.id !== "" && key.id !== outcome.id);
}

/** All names by which the operations may have reached the index; only its own where PRIMARY cannot say. */
async function namesOf(
  described: PrimaryIndex,
  answered: readonly AnsweredOperation[],
  services: AcceptedWritesServices,
): Promise<ReadonlySet<string>> {
  const { index } = described.incarnation;
  const own = new Set([index, ...described.aliasRouting.keys()]);
  if (answered.every(({ key }) => own.has(key.index))) return own;
  try {
    return new Set([index, ...(await otherNames(described, services.primary))]);
  } catch (error) {
    services.telemetry.warn("PRIMARY cannot say an index's aliases; documents are read back instead", {
      index,
      error: String(error),
    });
    return own;
  }
}

function concreteKey({ key, outcome }: AnsweredOperation, described: PrimaryIndex): DocumentKey {
  if (outcome.kind !== "written") return key;
  const routing = key.routing ?? described.aliasRouting.get(key.index);
  if (key.index === outcome.index && key.id === outcome.id && key.routing === routing) return key;
  return { index: outcome.index, id: outcome.id, routing };
}

/**
 * Where to look for a document whose index nobody can describe now: under the client's name for the index,
 * which may be an alias with a routing, and under PRIMARY's, which a pipeline or date math may have chosen.
 */
function addressesOf({ key, outcome }: AnsweredOperation): readonly DocumentKey[] {
  if (outcome.kind !== "written" && outcome.kind !== "unsequenced") return [key];
  const named = { ...key, id: outcome.id };
  return key.index === outcome.index ? [named] : [named, { ...named, index: outcome.index }];
}

function operationOf(
  { outcome, document }: AnsweredOperation,
  key: DocumentKey,
  services: AcceptedWritesServices,
): ReplicaOperation | undefined {
  if (outcome.kind !== "written") return undefined;
  if (outcome.result === "index" && document === undefined) return undefined;
  try {
    const version = encodeVersion(key.index, services.epoch, outcome.primaryTerm, outcome.seqNo);
    const { id, routing } = key;
    return { id, routing, version, document: outcome.result === "index" ? document : undefined };
  } catch (error) {
    if (!(error instanceof VersionOverflow)) throw error;
    services.telemetry.error("a version does not fit", { reason: error.message });
    return undefined;
  }
}
