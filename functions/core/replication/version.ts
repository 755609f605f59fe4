/**
 * The external version of a replicated operation: one number that orders all operations on a document.
 *
 * 62 bits: operator epoch (8) | PRIMARY's primary term (14) | PRIMARY's sequence number (40).
 * Search engines accept external versions up to 2^63 - 1, and an internal write on top of one adds 1, so
 * the layout stays below 2^62 (docs/cluster-semantics.md, section 2). Versions travel as decimal digits: a JSON
 * number above 2^53 would be rounded by JavaScript.
 */
const epochBits = 8n;
const termBits = 14n;
const sequenceBits = 40n;

const digits = /^\d+$/;

const epochLimit = 1n << epochBits;
const termLimit = 1n << termBits;
const sequenceLimit = 1n << sequenceBits;

/** A part of a version does not fit its bits. Wrapping would let old operations win, so nothing is sent. */
export class VersionOverflow extends Error {
  override readonly name = "VersionOverflow";
}

/** The part of the version that all operations of one term share. Mostly it is the last one's again. */
let last = { epoch: -1, primaryTerm: "", base: 0n };

function base(index: string, epoch: number, primaryTerm: string): bigint {
  if (last.primaryTerm === primaryTerm && last.epoch === epoch) return last.base;
  if (!digits.test(primaryTerm)) {
    throw new VersionOverflow(`index [${index}]: [${primaryTerm}] is no primary term`);
  }
  const term = BigInt(primaryTerm);
  const wideEpoch = BigInt(epoch);
  if (wideEpoch < 0n || wideEpoch >= epochLimit) {
    throw new VersionOverflow(`index [${index}]: operator epoch ${epoch} does not fit ${epochBits} bits`);
  }
  if (term < 0n || term >= termLimit) {
    throw new VersionOverflow(
      `index [${index}]: primary term ${primaryTerm} does not fit ${termBits} bits; raise OPERATOR_EPOCH`,
    );
  }
  const value = (wideEpoch << (termBits + sequenceBits)) | (term << sequenceBits);
  last = { epoch, primaryTerm, base: value };
  return value;
}

/**
 * The version of the operation that PRIMARY numbered `(primaryTerm, seqNo)`, as decimal digits.
 * @throws VersionOverflow naming the index, when a part does not fit.
 */
export function encodeVersion(index: string, epoch: number, primaryTerm: string, seqNo: string): string {
  // BigInt("") is 0: an answer without a number must not pass for the first operation.
  if (!digits.test(seqNo)) {
    throw new VersionOverflow(`index [${index}]: [${seqNo}] is no sequence number`);
  }
  const sequence = BigInt(seqNo);
  if (sequence < 0n || sequence >= sequenceLimit) {
    throw new VersionOverflow(`index [${index}]: sequence number ${seqNo} does not fit ${sequenceBits} bits`);
  }
  return (base(index, epoch, primaryTerm) + sequence).toString();
}

/** The operator epoch inside a version. */
export function epochOf(version: string): number {
  return Number(BigInt(version) >> (termBits + sequenceBits));
}

/** The lowest version of an operator epoch, as decimal digits: what is below it is of an older one. */
export function epochFloor(epoch: number): string {
  return (BigInt(epoch) << (termBits + sequenceBits)).toString();
}

/** Whether version `a` is above version `b`; both are decimal digits without leading zeros. */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
