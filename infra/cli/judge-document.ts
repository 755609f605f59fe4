import type { DocumentKey } from "../../functions/core/replication/record.ts";
import { encodeVersion, epochOf, isNewer } from "../../functions/core/replication/version.ts";
import type { StoredDocument } from "../../functions/core/truth/stored-documents.ts";
import { CannotTell } from "./cannot-tell.ts";
import { sameJson } from "./canonical-json.ts";

/** How a document differs; `extra` is only on BACKUP. */
export type DifferenceKind = "missing" | "extra" | "different";

/** A document that is not on BACKUP as it is on PRIMARY, at one look. */
export interface Suspect {
  readonly key: DocumentKey;
  readonly kind: DifferenceKind;
  readonly reason: string;
  /** What was seen: when it is the same at the next look, the difference lasts. */
  readonly seen: string;
  /** BACKUP's document as it was seen, for a deletion that hits nothing newer. */
  readonly held: { readonly seqNo: string; readonly primaryTerm: string } | undefined;
  /** BACKUP's version is not below PRIMARY's: copying it again would count as superseded. */
  readonly superseding: boolean;
}

/** What decides whether two documents are equal. */
export interface Rules {
  readonly epoch: number;
  /** BACKUP's index stands for PRIMARY's present one; else versions mean nothing and only sources count. */
  readonly comparable: boolean;
}

type Found = Extract<StoredDocument, { kind: "found" }>;

/** Whether BACKUP's version is the one that replay gives to the operation that PRIMARY numbered so. */
export function isVersionOf(
  index: string,
  epoch: number,
  held: string,
  operation: { readonly primaryTerm: string; readonly seqNo: string },
): boolean {
  const { primaryTerm, seqNo } = operation;
  if (held === encodeVersion(index, epoch, primaryTerm, seqNo)) return true;
  // Written before the operator's epoch was raised, and not since.
  const then = epochOf(held);
  return then < epoch && held === encodeVersion(index, then, primaryTerm, seqNo);
}

/**
 * Compares one document, read from both sides with its source; `undefined` when BACKUP has what PRIMARY has.
 * @throws CannotTell when a side could not read it.
 */
export function judgeDocument(
  key: DocumentKey,
  onPrimary: StoredDocument | undefined,
  onBackup: StoredDocument | undefined,
  rules: Rules,
): Suspect | undefined {
  const [truth, held] = [readable("PRIMARY", key, onPrimary), readable("BACKUP", key, onBackup)];
  const seen = `${truth?.primaryTerm}/${truth?.seqNo} ${held?.version}/${held?.seqNo}`;
  const at = held && { seqNo: held.seqNo, primaryTerm: held.primaryTerm };
  if (truth === undefined && held === undefined) return undefined;
  if (held === undefined)
    return { key, kind: "missing", reason: "not on BACKUP", seen, held: at, superseding: false };
  if (truth === undefined) {
    return { key, kind: "extra", reason: "only on BACKUP", seen, held: at, superseding: false };
  }
  const reason = differenceOf(key.index, truth, held, rules);
  if (reason === undefined) return undefined;
  const version = encodeVersion(key.index, rules.epoch, truth.primaryTerm, truth.seqNo);
  const superseding = rules.comparable && !isNewer(version, held.version);
  return { key, kind: "different", reason, seen, held: at, superseding };
}

function differenceOf(index: string, truth: Found, held: Found, rules: Rules): string | undefined {
  if (truth.routing !== held.routing) {
    return `routing [${truth.routing ?? ""}], on BACKUP [${held.routing ?? ""}]`;
  }
  const version = encodeVersion(index, rules.epoch, truth.primaryTerm, truth.seqNo);
  const level = isVersionOf(index, rules.epoch, held.version, truth);
  if (rules.comparable && !level && isNewer(version, held.version)) return "an older version on BACKUP";
  if (truth.source === undefined && held.source === undefined) {
    return rules.comparable ? undefined : "neither side keeps _source, and versions cannot be compared";
  }
  const same = truth.source !== undefined && held.source !== undefined && sameJson(truth.source, held.source);
  return same ? undefined : "another document on BACKUP";
}

function readable(side: string, { index, id }: DocumentKey, document: StoredDocument | undefined) {
  if (document?.kind === "found") return document;
  if (document?.kind === "missing" || document?.kind === "no-index") return undefined;
  throw new CannotTell(`${side} cannot read [${index}/${id}]: ${document?.reason ?? "no answer"}`);
}
