import { incarnationAlias } from "./incarnation.ts";
import type { ManifestEntry, ReplicaOperation } from "./record.ts";

/** A record's body and what the record says of it. */
export interface BulkLines {
  readonly manifest: readonly ManifestEntry[];
  readonly body: Buffer;
}

/**
 * The bulk lines that make the operations true on BACKUP: explicit ids, external versions, addressed to
 * the incarnation's alias. A `create` became an `index` before this: external versions are refused on
 * `create` (cluster-semantics, section 2). Documents are copied as bytes, once.
 */
export function bulkLines(uuid: string, operations: readonly ReplicaOperation[]): BulkLines {
  const target = JSON.stringify(incarnationAlias(uuid));
  const actions = operations.map((operation) => actionLine(target, operation));
  let size = 0;
  for (const [i, operation] of operations.entries()) {
    size += Buffer.byteLength(actions[i] ?? "") + (operation.document ? operation.document.length + 1 : 0);
  }
  const body = Buffer.allocUnsafe(size);
  const manifest: ManifestEntry[] = [];
  let at = 0;
  for (const [i, operation] of operations.entries()) {
    const start = at;
    at += body.write(actions[i] ?? "", at);
    if (operation.document !== undefined) {
      at += operation.document.copy(body, at);
      at = body.writeUInt8(10, at);
    }
    const { id, routing, version } = operation;
    manifest.push({ id, routing, version, deletes: operation.document === undefined, bytes: at - start });
  }
  return { manifest, body };
}

/**
 * Each operation's lines as a view into the body, in the manifest's order; `undefined` when the body is
 * not the one that the manifest describes.
 */
export function linesOf({ manifest, body }: BulkLines): readonly Buffer[] | undefined {
  let end = 0;
  const lines = manifest.map(({ bytes }) => {
    const start = end;
    end += bytes;
    return body.subarray(start, end);
  });
  return end === body.length ? lines : undefined;
}

function actionLine(target: string, operation: ReplicaOperation): string {
  const action = operation.document === undefined ? "delete" : "index";
  const routing = operation.routing === undefined ? "" : `,"routing":${JSON.stringify(operation.routing)}`;
  return `{"${action}":{"_index":${target},"_id":${JSON.stringify(operation.id)}${routing},"version":"${operation.version}","version_type":"external"}}\n`;
}
