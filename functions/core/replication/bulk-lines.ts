import { incarnationAlias } from "./incarnation.ts";
import type { ByteSlice, ManifestEntry, ReplicaOperation } from "./record.ts";

/** A record's body and what the record says of it. */
export interface BulkLines {
  readonly manifest: readonly ManifestEntry[];
  readonly body: Buffer;
}

/**
 * The bulk lines that make the operations true on BACKUP: explicit ids, external versions, addressed to
 * the incarnation's alias. A `create` became an `index` before this: external versions are refused on
 * `create` (docs/cluster-semantics.md, section 2). Documents are copied as bytes, once.
 */
export function bulkLines(uuid: string, operations: readonly ReplicaOperation[]): BulkLines {
  const target = JSON.stringify(incarnationAlias(uuid));
  const versioned = `"_index":${target},"version_type":"external","version":`;
  const indexes = Buffer.from(`{"index":{${versioned}`);
  const deletes = Buffer.from(`{"delete":{${versioned}`);
  let room = 0;
  for (const operation of operations) room += deletes.length + linesBytesMax(operation);
  const body = Buffer.allocUnsafe(room);
  const manifest: ManifestEntry[] = [];
  let at = 0;
  for (const { id, routing, version, document } of operations) {
    const start = at;
    const action = document === undefined ? deletes : indexes;
    body.set(action, at);
    at = writeString(body, at + action.length, version);
    body.set(idName, at);
    at = writeString(body, at + idName.length, id);
    if (routing !== undefined) at += body.write(`,"routing":${JSON.stringify(routing)}`, at);
    body.set(actionEnd, at);
    at += actionEnd.length;
    if (document !== undefined) {
      at += document.buffer.copy(body, at, document.start, document.end);
      body[at] = NEWLINE;
      at += 1;
    }
    manifest.push({ id, routing, version, deletes: document === undefined, bytes: at - start });
  }
  return { manifest, body: body.subarray(0, at) };
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const idName = Buffer.from(',"_id":');
const actionEnd = Buffer.from("}}\n");

/**
 * Each operation's lines in the body, in the manifest's order; `undefined` when the body is not the one that the
 * manifest describes.
 */
export function linesOf({ manifest, body }: BulkLines): readonly ByteSlice[] | undefined {
  let end = 0;
  const lines = manifest.map(({ bytes }): ByteSlice => {
    const start = end;
    end += bytes;
    return { buffer: body, start, end };
  });
  return end === body.length ? lines : undefined;
}

/**
 * Writes the text as JSON, and answers where it ends. Printable ASCII, as most ids are, goes character by character: a
 * string for each operation and a call to write it took half of the time of a record.
 */
function writeString(body: Buffer, start: number, text: string): number {
  let at = start;
  body[at++] = QUOTE;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      return start + body.write(JSON.stringify(text), start);
    }
    body[at++] = code;
  }
  body[at++] = QUOTE;
  return at;
}

/** Without the action's beginning. A character takes at most six bytes as JSON: `\u0000`. */
function linesBytesMax({ id, routing, version, document }: ReplicaOperation): number {
  const routed = routing === undefined ? 0 : 6 * routing.length + 16;
  return 6 * id.length + routed + version.length + 64 + (document ? document.end - document.start : 0);
}
