import { actionLineReader } from "./action-line.ts";
import type { ActionLine } from "./action-pattern.ts";
import type { BulkDefaults, ByteRange, Operation } from "./operation.ts";
import { bodySource, type WantedSource, wantedInJson } from "./wanted-source.ts";

/** `bad`: the request as a whole is refused before PRIMARY sees it, with the answer Elasticsearch 8 gives. */
export type BulkParse =
  | { readonly kind: "ok"; readonly operations: readonly Operation[] }
  | { readonly kind: "bad"; readonly status: 400; readonly type: string; readonly reason: string };

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ID_BYTES_MAX = 512;

/**
 * Cuts a bulk body into its operations, in order. Documents are not looked into, except the top level of an
 * update's, where `_source` may stand.
 *
 * Refused here is what would make PRIMARY's answer impossible to match with the operations by position: unknown
 * actions (5 to 7 skip them in silence), a last line without newline (5 drops it), an action without its
 * document (all versions drop it), and what no version can read. Everything else is PRIMARY's to judge.
 */
export function parseBulk(body: Buffer, defaults: BulkDefaults): BulkParse {
  if (body.length === 0) return bad("parse_exception", "request body is required");
  const operations: Operation[] = [];
  const readActionLine = actionLineReader(body);
  let lineNumber = 0;
  let pos = startsWithByteOrderMark(body) ? 3 : 0;
  while (pos < body.length) {
    const start = pos;
    const newline = body.indexOf(NEWLINE, start);
    if (newline === -1) return unterminated();
    lineNumber += 1;
    pos = newline + 1;
    const end = lineEnd(body, start, newline);
    const read = readActionLine(start, end, lineNumber);
    if (read.kind === "blank") continue;
    if (read.kind === "refused") return bad(read.type, read.reason);
    if (read.action === "delete") {
      operations.push(operation(body, read, defaults, { start, end }, undefined));
      continue;
    }
    if (pos === body.length) {
      const reason = `Malformed action/metadata line [${lineNumber}], expected a document after it but found the end of the request`;
      return bad("illegal_argument_exception", reason);
    }
    const documentNewline = body.indexOf(NEWLINE, pos);
    if (documentNewline === -1) return unterminated();
    lineNumber += 1;
    const document = { start: pos, end: lineEnd(body, pos, documentNewline) };
    pos = documentNewline + 1;
    operations.push(operation(body, read, defaults, { start, end }, document));
  }
  const problems = operations.length === 0 ? ["no requests added"] : tooLongIds(operations);
  if (problems.length === 0) return { kind: "ok", operations };
  const listed = problems.map((problem, at) => `${at + 1}: ${problem};`).join("");
  return bad("action_request_validation_exception", `Validation Failed: ${listed}`);
}

/** Elasticsearch skips a UTF-8 byte order mark (observed on 7.10 and 8.19). */
function startsWithByteOrderMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

/** Without a carriage return before the newline. */
function lineEnd(body: Buffer, start: number, newline: number): number {
  return newline > start && body[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
}

function operation(
  body: Buffer,
  read: ActionLine,
  defaults: BulkDefaults,
  line: ByteRange,
  document: ByteRange | undefined,
): Operation {
  const { action, id, version, versionType } = read;
  const writes = action === "index" || action === "create";
  const plain = version === undefined && versionType === undefined && !read.conditional;
  const external = version !== undefined && versionType !== undefined && versionType !== "internal";
  return {
    action,
    index: read.index ?? defaults.index,
    type: read.type ?? defaults.type,
    id,
    routing: read.routing ?? defaults.routing ?? read.parent,
    pipeline: read.pipeline ?? defaults.pipeline,
    requireAlias: read.requireAlias ?? defaults.requireAlias,
    externalVersion: external ? { type: versionType, version } : undefined,
    awaitsId: writes && id === undefined && plain,
    source: action === "update" ? wantedSource(body, read, defaults, document) : undefined,
    line,
    document,
  };
}

/** In a bulk the action line wins over the query, and the query over the body (observed on 7.10 and 8.19). */
function wantedSource(
  body: Buffer,
  read: ActionLine,
  defaults: BulkDefaults,
  document: ByteRange | undefined,
): WantedSource | undefined {
  if (read.source !== undefined) return read.source;
  if (defaults.source !== undefined) return defaults.source;
  const own = document === undefined ? undefined : bodySource(body, document);
  return own === undefined ? undefined : wantedInJson(body, own);
}

/** Deletes take ids of any length on every version, updates on some: those are PRIMARY's to judge. */
function tooLongIds(operations: readonly Operation[]): string[] {
  const problems: string[] = [];
  for (const { action, id } of operations) {
    if (id === undefined || id.length * 3 <= ID_BYTES_MAX) continue;
    if (action !== "index" && action !== "create") continue;
    const bytes = Buffer.byteLength(id);
    if (bytes <= ID_BYTES_MAX) continue;
    problems.push(`id [${id}] is too long, must be no longer than ${ID_BYTES_MAX} bytes but was: ${bytes}`);
  }
  return problems;
}

function unterminated(): BulkParse {
  return bad("illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]");
}

function bad(type: string, reason: string): BulkParse {
  return { kind: "bad", status: 400, type, reason };
}
