import { eachElement, eachMember, JsonScanError, skipSpace, skipValue, unquote } from "../bulk/json-scan.ts";
import { keyIs } from "../bulk/name-table.ts";
import type { HandlePlace } from "./handle-use.ts";

/** A handle in a body, as the client wrote it. */
export interface FoundHandle {
  readonly text: string;
  /** Of the JSON string, quotes included. */
  readonly start: number;
  readonly end: number;
}

const openObject = 0x7b;
const openArray = 0x5b;
const quote = 0x22;
const newline = 0x0a;

/**
 * The handles at a place of a request's body, strings or lists of strings. None where the body is not the JSON that
 * it should be: the cluster says so better.
 */
export function handlesInBody(body: Buffer, { where, name }: HandlePlace): readonly FoundHandle[] {
  const path = name.split(".");
  const found: FoundHandle[] = [];
  try {
    if (where === "body") collect(body, 0, path, found);
    else if (where === "lines" && body.includes(`"${path[0]}"`)) collectInLines(body, path, found);
    return found;
  } catch (error) {
    if (error instanceof JsonScanError) return [];
    throw error;
  }
}

/** One line at a time: one that is cut short must not read on into the next. */
function collectInLines(body: Buffer, path: readonly string[], found: FoundHandle[]): void {
  for (let from = 0; from < body.length; ) {
    const at = body.indexOf(newline, from);
    const to = at === -1 ? body.length : at;
    const inLine: FoundHandle[] = [];
    collect(body.subarray(from, to), 0, path, inLine);
    for (const { text, start, end } of inLine) found.push({ text, start: from + start, end: from + end });
    from = to + 1;
  }
}

function collect(
  json: Buffer,
  from: number,
  [name = "", ...deeper]: readonly string[],
  found: FoundHandle[],
) {
  const start = skipSpace(json, from);
  if (json[start] !== openObject) return;
  eachMember(json, start, (keyStart, keyEnd, valueStart) => {
    if (keyIs(json, keyStart, keyEnd, name)) {
      if (deeper.length > 0) collect(json, valueStart, deeper, found);
      else collectStrings(json, valueStart, found);
    }
    return skipValue(json, valueStart);
  });
}

function collectStrings(json: Buffer, start: number, found: FoundHandle[]): void {
  if (json[start] === quote) {
    const end = skipValue(json, start);
    found.push({ text: unquote(json, start, end), start, end });
  } else if (json[start] === openArray) {
    eachElement(json, start, (element) => {
      collectStrings(json, element, found);
      return skipValue(json, element);
    });
  }
}
