import { JsonScanError, skipComment, skipString } from "./json-scan.ts";

const SPACE = 0x20;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * A single document's body made fit for a bulk, where a document is one line: newlines and carriage returns, which
 * are only white space in JSON, become spaces, and so do comments (Elasticsearch before 9 accepts those of
 * JavaScript). The very same buffer when it is one line already. Throws `JsonScanError` when a newline stands in a
 * string or a string or comment does not end: no version accepts that, and it must not become acceptable here.
 */
export function oneLine(document: Buffer): Buffer {
  if (!document.includes(NEWLINE) && !document.includes(CARRIAGE_RETURN)) return document;
  const line = Buffer.from(document);
  let at = 0;
  while (at < document.length) {
    const byte = document[at];
    if (byte === 0x22) at = stringEnd(document, at);
    else if (byte === 0x2f) {
      const end = skipComment(document, at);
      line.fill(SPACE, at, end);
      at = end;
    } else {
      if (byte === NEWLINE || byte === CARRIAGE_RETURN) line[at] = SPACE;
      at += 1;
    }
  }
  return line;
}

function stringEnd(document: Buffer, start: number): number {
  const end = skipString(document, start);
  for (let at = start; at < end; at += 1) {
    const byte = document[at];
    if (byte === NEWLINE || byte === CARRIAGE_RETURN) throw new JsonScanError("no newline in a string", at);
  }
  return end;
}
