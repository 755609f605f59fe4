import type { ByteRange } from "./operation.ts";

/** Put `bytes` where `start..end` was: an insertion when the range is empty, a cut when `bytes` is. */
export interface Edit extends ByteRange {
  readonly bytes: Buffer;
}

const nothing = Buffer.alloc(0);

/** Takes the range away. */
export function cut({ start, end }: ByteRange): Edit {
  return { start, end, bytes: nothing };
}

/** `original` with the edits, which are in order and do not overlap. The very same buffer when there are none. */
export function splice(original: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return original;
  let size = original.length;
  for (const edit of edits) size += edit.bytes.length - (edit.end - edit.start);
  const spliced = Buffer.allocUnsafe(size);
  let from = 0;
  let at = 0;
  for (const edit of edits) {
    at += original.copy(spliced, at, from, edit.start);
    at += edit.bytes.copy(spliced, at);
    from = edit.end;
  }
  original.copy(spliced, at, from);
  return spliced;
}
