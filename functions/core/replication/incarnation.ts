/**
 * One life of an index on PRIMARY. An index that is deleted and created again under the same name is
 * another incarnation: its sequence numbers start over, so versions of the two must never be compared
 * (docs/cluster-semantics.md, section 4).
 */
export interface Incarnation {
  /** The index's name on PRIMARY, never an alias. */
  readonly index: string;
  /** PRIMARY's `index.uuid`. */
  readonly uuid: string;
  /** PRIMARY's `index.creation_date`, milliseconds: tells which of two incarnations came later. */
  readonly createdMs: number;
}

/**
 * The alias on BACKUP that stands for exactly this incarnation. Replay writes through it, so a record of
 * a dead incarnation can neither touch the successor nor bring back a dropped index, whatever a cache
 * believes: BACKUP itself refuses it. The capital letter matters: an alias may have one, an index may
 * not, so writing to an alias that is gone fails instead of creating an index with a guessed mapping.
 */
export function incarnationAlias(uuid: string): string {
  return `understudy-I-${uuid}`;
}
