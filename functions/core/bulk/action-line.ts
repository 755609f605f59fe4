import { type ActionLine, ActionPattern } from "./action-pattern.ts";
import { JsonScanError, skipSpace, skipValue, unquote } from "./json-scan.ts";
import { nameIndex, nameTable } from "./name-table.ts";
import type { BulkAction, ByteRange } from "./operation.ts";
import { tokenAt } from "./scalar.ts";

export type ReadLine =
  | ActionLine
  | { readonly kind: "blank" }
  | { readonly kind: "refused"; readonly type: string; readonly reason: string };

const ACTIONS = nameTable<BulkAction>(["index", "create", "update", "delete"]);

/** Reads the action line in `start..end`; `lineNumber` counts from 1 and is for the refusal's text. */
export type ActionLineReader = (start: number, end: number, lineNumber: number) => ReadLine;

/**
 * A reader of a body's action lines. Its refusals are Elasticsearch 8's. What follows the action's own object is
 * left to PRIMARY: 5 to 8 ignore it, 9 refuses it.
 */
export function actionLineReader(body: Buffer): ActionLineReader {
  const patterns = new Map<number, ActionPattern>();
  return (start, end, lineNumber) => {
    try {
      // `{"index`: the third byte tells the actions apart, as they are mostly written.
      const byte = body[start + 2] ?? 0;
      const known = patterns.get(byte);
      if (known?.readAlike(start, end)) return known.line;
      const open = skipSpace(body, start);
      if (open >= end) return BLANK;
      if (body[open] !== 0x7b) {
        return malformed(lineNumber, `expected START_OBJECT but found [${tokenAt(body, open)}]`);
      }
      const pattern = known ?? new ActionPattern(body);
      patterns.set(byte, pattern);
      return readAction(body, pattern, { start, end }, lineNumber);
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      return notJson(lineNumber, error.offset - start);
    }
  };
}

const BLANK: ReadLine = { kind: "blank" };

function readAction(
  body: Buffer,
  pattern: ActionPattern,
  { start, end }: ByteRange,
  lineNumber: number,
): ReadLine {
  const key = skipSpace(body, skipSpace(body, start) + 1);
  if (body[key] === 0x7d) {
    return malformed(lineNumber, "expected FIELD_NAME but found [END_OBJECT]");
  }
  let value = skipValue(body, key);
  const action = ACTIONS.names[body[key] === 0x22 ? nameIndex(body, key, value, ACTIONS) : -1];
  if (action === undefined) {
    if (body[key] !== 0x22 || value > end) throw new JsonScanError("a field name", key);
    const found = unquote(body, key, value);
    return malformed(
      lineNumber,
      `expected field [create], [delete], [index] or [update] but found [${found}]`,
    );
  }
  value = skipSpace(body, value);
  if (body[value] !== 0x3a) throw new JsonScanError("a colon", value);
  value = skipSpace(body, value + 1);
  if (body[value] !== 0x7b) {
    return malformed(lineNumber, `expected START_OBJECT or END_OBJECT but found [${tokenAt(body, value)}]`);
  }
  const { closed, problem } = pattern.parse(value, action);
  if (closed > end) throw new JsonScanError("the end of the action line", end);
  if (problem !== undefined) return malformed(lineNumber, problem);
  pattern.learn(start, closed);
  return pattern.line;
}

function malformed(lineNumber: number, what: string): ReadLine {
  const reason = `Malformed action/metadata line [${lineNumber}], ${what}`;
  return { kind: "refused", type: "illegal_argument_exception", reason };
}

/** Elasticsearch's own text echoes the request's bytes; this one does not. */
function notJson(lineNumber: number, offset: number): ReadLine {
  const reason = `[1:${offset + 1}] Malformed action/metadata line [${lineNumber}], it is not valid JSON`;
  return { kind: "refused", type: "x_content_parse_exception", reason };
}
