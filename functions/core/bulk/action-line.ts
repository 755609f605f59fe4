import {
  eachMember,
  JsonScanError,
  nameIndex,
  skipSpace,
  skipValue,
  stringIs,
  unquote,
} from "./json-scan.ts";
import type { BulkAction } from "./operation.ts";
import { scalar, tokenAt } from "./scalar.ts";
import { type WantedSource, wantedInJson } from "./wanted-source.ts";

/**
 * What one action line says. Members that decide nothing here are not looked at: PRIMARY knows its parameters.
 * A reader uses the same object for every line: it holds until the next one is read.
 */
export interface ActionLine {
  readonly kind: "action";
  action: BulkAction;
  index: string | undefined;
  type: string | undefined;
  id: string | undefined;
  routing: string | undefined;
  /** 5.x and 6.x: the parent's id, which routes where `routing` does not. */
  parent: string | undefined;
  pipeline: string | undefined;
  requireAlias: boolean | undefined;
  version: string | undefined;
  versionType: string | undefined;
  /** Carries `if_seq_no` or `if_primary_term`. */
  conditional: boolean;
  source: WantedSource | undefined;
}

export type ReadLine =
  | ActionLine
  | { readonly kind: "blank" }
  | { readonly kind: "refused"; readonly type: string; readonly reason: string };

const ACTIONS: readonly BulkAction[] = ["index", "create", "update", "delete"];

/** Every spelling that some version knows. A spelling that PRIMARY does not know makes it refuse the request. */
const MEMBERS = [
  "_index",
  "_id",
  "routing",
  "_type",
  "pipeline",
  "version",
  "version_type",
  "_source",
  "require_alias",
  "op_type",
  "if_seq_no",
  "if_primary_term",
  "_routing",
  "parent",
  "_parent",
  "_version",
  "_version_type",
  "versionType",
  "_versionType",
] as const;

/** Reads the action line in `start..end`; `lineNumber` counts from 1 and is for the refusal's text. */
export type ActionLineReader = (start: number, end: number, lineNumber: number) => ReadLine;

/**
 * A reader of a body's action lines. Its refusals are Elasticsearch 8's. What follows the action's own object is
 * left to PRIMARY: 5 to 8 ignore it, 9 refuses it.
 */
export function actionLineReader(body: Buffer): ActionLineReader {
  const members = memberReader(body);
  return (start, end, lineNumber) => {
    try {
      const open = skipSpace(body, start);
      if (open >= end) return BLANK;
      if (body[open] !== 0x7b) {
        return malformed(lineNumber, `expected START_OBJECT but found [${tokenAt(body, open)}]`);
      }
      return readAction(body, members, skipSpace(body, open + 1), end, lineNumber);
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      return notJson(lineNumber, error.offset - start);
    }
  };
}

const BLANK: ReadLine = { kind: "blank" };

function readAction(
  body: Buffer,
  members: MemberReader,
  key: number,
  end: number,
  lineNumber: number,
): ReadLine {
  if (body[key] === 0x7d) {
    return malformed(lineNumber, "expected FIELD_NAME but found [END_OBJECT]");
  }
  let value = skipValue(body, key);
  const action = ACTIONS[body[key] === 0x22 ? nameIndex(body, key, value, ACTIONS) : -1];
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
  const { closed, line, problem } = members(value, action);
  if (closed > end) throw new JsonScanError("the end of the action line", end);
  return problem === undefined ? line : malformed(lineNumber, problem);
}

interface ReadMembers {
  readonly line: ActionLine;
  /** Where the action's object ends. */
  closed: number;
  /** The first member that is not what it should be. */
  problem: string | undefined;
}

/** Reads the object at `open` into the reader's one line. */
type MemberReader = (open: number, action: BulkAction) => ReadMembers;

function memberReader(body: Buffer): MemberReader {
  const line: ActionLine = { kind: "action", action: "index", ...nothingSaid };
  const read: ReadMembers = { line, closed: 0, problem: undefined };
  // Mostly every line names the same one: its text is made once.
  let lastIndex: string | undefined;
  const visit = (keyStart: number, keyEnd: number, valueStart: number): number => {
    const valueEnd = skipValue(body, valueStart);
    const name = MEMBERS[nameIndex(body, keyStart, keyEnd, MEMBERS)];
    if (name === "_index" && lastIndex !== undefined && isText(body, valueStart, valueEnd, lastIndex)) {
      line.index = lastIndex;
    } else if (name === "_source" && body[valueStart] !== 0x5b) {
      line.source = wantedInJson(body, { start: valueStart, end: valueEnd });
    } else if (name !== undefined && (body[valueStart] === 0x7b || body[valueStart] === 0x5b)) {
      const found = tokenAt(body, valueStart);
      read.problem ??= `expected a simple value for field [${name}] but found [${found}]`;
    } else if (name !== undefined) setMember(line, name, scalar(body, valueStart, valueEnd));
    return valueEnd;
  };
  return (open, action) => {
    Object.assign(line, nothingSaid);
    line.action = action;
    read.problem = undefined;
    read.closed = eachMember(body, open, visit);
    lastIndex = line.index ?? lastIndex;
    return read;
  };
}

/** `stringIs` of a value that may be no string at all. */
function isText(body: Buffer, start: number, end: number, text: string): boolean {
  return body[start] === 0x22 && stringIs(body, start, end, text);
}

const nothingSaid = {
  index: undefined,
  type: undefined,
  id: undefined,
  routing: undefined,
  parent: undefined,
  pipeline: undefined,
  requireAlias: undefined,
  version: undefined,
  versionType: undefined,
  conditional: false,
  source: undefined,
};

function setMember(line: ActionLine, name: (typeof MEMBERS)[number], text: string | undefined): void {
  if (text === undefined) return;
  switch (name) {
    case "_index":
      line.index = text;
      break;
    case "_type":
      line.type = text;
      break;
    case "_id":
      line.id = text;
      break;
    case "routing":
    case "_routing":
      line.routing = text;
      break;
    case "parent":
    case "_parent":
      line.parent = text;
      break;
    case "pipeline":
      line.pipeline = text;
      break;
    case "require_alias":
      line.requireAlias = text === "true";
      break;
    case "op_type":
      if (line.action === "index" && text === "create") line.action = "create";
      break;
    case "version":
    case "_version":
      line.version = text;
      break;
    case "version_type":
    case "_version_type":
    case "versionType":
    case "_versionType":
      line.versionType = text;
      break;
    case "if_seq_no":
    case "if_primary_term":
      line.conditional = true;
      break;
    case "_source":
      break;
    default:
      name satisfies never;
  }
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
