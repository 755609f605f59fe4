import { eachMember, skipValue, stringIs } from "./json-scan.ts";
import type { ByteRange } from "./operation.ts";

/** Where a member of an object is. */
export interface MemberRange {
  /** The object's end. */
  readonly end: number;
  readonly value: ByteRange | undefined;
  /** What to cut so that the member is gone: its name, its value, and one comma. */
  readonly whole: ByteRange | undefined;
}

/**
 * The member of that name; of several the last.
 * @throws JsonScanError where there is no object.
 */
export function memberRange(json: Buffer, object: number, name: string): MemberRange {
  let value: ByteRange | undefined;
  let whole: ByteRange | undefined;
  let previousEnd: number | undefined;
  let firstKey: number | undefined;
  const end = eachMember(json, object, (keyStart, keyEnd, start) => {
    const valueEnd = skipValue(json, start);
    if (firstKey !== undefined) whole = { start: firstKey, end: keyStart };
    firstKey = undefined;
    if (stringIs(json, keyStart, keyEnd, name)) {
      value = { start, end: valueEnd };
      whole = { start: previousEnd ?? keyStart, end: valueEnd };
      if (previousEnd === undefined) firstKey = keyStart;
    }
    previousEnd = valueEnd;
    return valueEnd;
  });
  return { end, value, whole };
}
