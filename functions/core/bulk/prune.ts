import { eachElement, eachMember, isSpace, JsonScanError, skipValue, unquote } from "./json-scan.ts";
import type { ByteRange } from "./operation.ts";

/** Decides what stays of a JSON value. One selection holds for a value and, arrays being transparent, for its elements. */
export interface Selection {
  /** What becomes of the member of that name: stays as it is, goes, or stays in part. */
  member(name: string): "keep" | "drop" | Selection;
  /** Whether a string, number, boolean or null stays. */
  readonly keepsScalars: boolean;
  /** Whether an object or array with nothing (left) in it stays. */
  keepsEmpty(place: "member" | "element", wasEmpty: boolean): boolean;
}

/** Deeper than any version of Elasticsearch reads JSON (1,000), and shallow enough for the stack. */
const DEPTH_MAX = 1_000;

const COMMA = 0x2c;

/**
 * What `selection` leaves of the value in `range`, byte for byte: numbers, escapes and the white space around what
 * stays are as they were. The outermost object or array always stays. Throws `JsonScanError`.
 */
export function prune(json: Buffer, range: ByteRange, selection: Selection): Buffer {
  const out = Buffer.allocUnsafe(range.end - range.start);
  let at = 0;
  let depth = 0;

  const copy = (start: number, end: number): void => {
    at += json.copy(out, at, start, end);
  };

  /** Copies `from..valueStart` and what stays of the value; nothing at all when nothing stays. Answers the value's end. */
  const part = (
    from: number,
    start: number,
    kept: "keep" | "drop" | Selection,
    place: "member" | "element",
    opening: number,
  ): number => {
    if (kept === "drop") return skipValue(json, start);
    const before = at;
    if (before > opening) out[at++] = COMMA;
    copy(from, start);
    const first = json[start];
    if (kept === "keep" || (first !== 0x7b && first !== 0x5b)) {
      const end = skipValue(json, start);
      if (kept === "keep" || kept.keepsScalars) copy(start, end);
      else at = before;
      return end;
    }
    const emptied = container(start, kept);
    if (emptied.nothingLeft && !kept.keepsEmpty(place, emptied.wasEmpty)) at = before;
    return emptied.end;
  };

  const container = (start: number, kept: Selection) => {
    depth += 1;
    if (depth > DEPTH_MAX) throw new JsonScanError(`at most ${DEPTH_MAX} levels`, start);
    copy(start, start + 1);
    const opening = at;
    let wasEmpty = true;
    const end =
      json[start] === 0x7b
        ? eachMember(json, start, (keyStart, keyEnd, valueStart) => {
            wasEmpty = false;
            const name = unquote(json, keyStart, keyEnd);
            return part(afterComma(json, keyStart), valueStart, kept.member(name), "member", opening);
          })
        : eachElement(json, start, (valueStart) => {
            wasEmpty = false;
            return part(afterComma(json, valueStart), valueStart, kept, "element", opening);
          });
    const nothingLeft = at === opening;
    copy(nothingLeft ? end - 1 : afterComma(json, end - 1), end);
    depth -= 1;
    return { end, nothingLeft, wasEmpty };
  };

  const first = json[range.start];
  if (first === 0x7b || first === 0x5b) container(range.start, selection);
  else if (selection.keepsScalars) copy(range.start, range.end);
  return out.subarray(0, at);
}

/** Where the white space before `pos` starts. */
function afterComma(json: Buffer, pos: number): number {
  let start = pos;
  while (isSpace(json[start - 1])) start -= 1;
  return start;
}
