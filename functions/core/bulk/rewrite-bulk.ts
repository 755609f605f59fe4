import { eachMember, JsonScanError, skipSpace, skipString, skipValue } from "./json-scan.ts";
import { keyIs } from "./name-table.ts";
import type { ByteRange, Operation } from "./operation.ts";
import { type Edit, splice } from "./splice.ts";

export interface RewrittenBulk {
  /** The very buffer that came in when nothing had to change. */
  readonly body: Buffer;
  /** With their ids, and with the ranges they have in `body`. */
  readonly operations: readonly Operation[];
}

/**
 * Makes a parsed bulk fit for replication: every `index` and `create` that leaves its id to PRIMARY gets one from
 * `newId`, so that both clusters agree on it and a lost answer can be followed up; every update asks for its
 * resulting document, whatever the client wanted of it (the action line wins over the query and the body).
 * All other bytes stay as they are. Throws `JsonScanError` if `operations` are not those of `body`.
 */
export function rewriteBulk(
  body: Buffer,
  operations: readonly Operation[],
  { newId }: { readonly newId: () => string },
): RewrittenBulk {
  const edits: Edit[] = [];
  const rewritten: Operation[] = [];
  let shift = 0;
  for (const operation of operations) {
    const before = shift;
    const id = operation.awaitsId ? newId() : operation.id;
    const edit =
      operation.action === "update"
        ? setMember(body, parameters(body, operation.line), "_source", "true")
        : operation.awaitsId
          ? setMember(body, parameters(body, operation.line), "_id", JSON.stringify(id))
          : undefined;
    if (edit !== undefined) {
      edits.push(edit);
      shift += edit.bytes.length - (edit.end - edit.start);
    }
    if (edit === undefined && shift === 0) {
      rewritten.push(operation);
      continue;
    }
    const line = { start: operation.line.start + before, end: operation.line.end + shift };
    const document = operation.document && {
      start: operation.document.start + shift,
      end: operation.document.end + shift,
    };
    rewritten.push({ ...operation, id, awaitsId: false, line, document });
  }
  return { body: splice(body, edits), operations: rewritten };
}

/**
 * The same for the body of a single-document update, where the body's own `_source` wins over the query's (observed
 * on 7.10 and 8.19): it asks for the resulting document. Unchanged when it is not an object, which PRIMARY refuses.
 */
export function askForSource(document: Buffer): Buffer {
  try {
    return splice(document, [setMember(document, skipSpace(document, 0), "_source", "true")]);
  } catch (error) {
    if (error instanceof JsonScanError) return document;
    throw error;
  }
}

/** Where the action's own object starts: the second brace. */
function parameters(body: Buffer, line: ByteRange): number {
  const key = skipSpace(body, skipSpace(body, line.start) + 1);
  return skipSpace(body, skipSpace(body, skipString(body, key)) + 1);
}

/**
 * Replaces the member's value, or puts the member last: twice the same member is an error on PRIMARY, which tells the
 * columns of what it does not understand.
 */
function setMember(json: Buffer, object: number, name: string, value: string): Edit {
  let present: ByteRange | undefined;
  let members = 0;
  const after = eachMember(json, object, (keyStart, keyEnd, start) => {
    const end = skipValue(json, start);
    members += 1;
    if (keyIs(json, keyStart, keyEnd, name)) present = { start, end };
    return end;
  });
  if (present !== undefined) return { ...present, bytes: Buffer.from(value) };
  const comma = members === 0 ? "" : ",";
  return { start: after - 1, end: after - 1, bytes: Buffer.from(`${comma}"${name}":${value}`) };
}
