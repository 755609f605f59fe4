/**
 * Finding one's way in JSON bytes without parsing them: documents and answers are cut, not re-serialised.
 *
 * The scanner says where values begin and end. It does not prove that what it steps over is valid JSON; whoever
 * executes the bytes does that. Comments count as space, as they do for Elasticsearch before 9.
 */

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const NEWLINE = 0x0a;

/** Strings longer than this are searched natively; below it a loop is faster than the call. Measured on Node 20. */
const LOOP_BYTES = 48;

/** The bytes are not the JSON they should be: cut short, or something else than what the reader expects there. */
export class JsonScanError extends Error {
  override readonly name = "JsonScanError";
  /** Offset in bytes from the start of the buffer. */
  readonly offset: number;

  constructor(expected: string, offset: number) {
    super(`expected ${expected} at byte ${offset}`);
    this.offset = offset;
  }
}

/** Space, tab, newline or carriage return. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

/** The offset of the first byte at or after `pos` that is neither space nor comment; the length when there is none. */
export function skipSpace(json: Buffer, pos: number): number {
  const byte = json[pos];
  // Mostly there is none.
  if (byte !== undefined && byte > 0x20 && byte !== SLASH) return pos;
  return skipSpaces(json, pos);
}

function skipSpaces(json: Buffer, pos: number): number {
  let at = pos;
  for (;;) {
    const byte = json[at];
    if (isSpace(byte)) at += 1;
    else if (byte === SLASH) at = skipComment(json, at);
    else return at;
  }
}

/** The end of the comment that starts at `pos`. A line comment ends before its newline. Throws `JsonScanError`. */
export function skipComment(json: Buffer, pos: number): number {
  const kind = json[pos + 1];
  if (kind === SLASH) {
    const newline = json.indexOf(NEWLINE, pos);
    return newline === -1 ? json.length : newline;
  }
  const end = kind === 0x2a ? json.indexOf("*/", pos + 2) : -1;
  if (end === -1) throw new JsonScanError("a value or a comment", pos);
  return end + 2;
}

/** The end (after the closing quote) of the string whose opening quote is at `pos`. Throws `JsonScanError`. */
export function skipString(json: Buffer, pos: number): number {
  if (json[pos] !== QUOTE) throw new JsonScanError("a string", pos);
  const near = Math.min(json.length, pos + LOOP_BYTES);
  let at = pos + 1;
  while (at < near) {
    const byte = json[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return skipLongString(json, at, pos);
}

function skipLongString(json: Buffer, from: number, opening: number): number {
  let at = from;
  for (;;) {
    const quote = at < json.length ? json.indexOf(QUOTE, at) : -1;
    if (quote === -1) throw new JsonScanError("the end of a string", opening);
    let escapes = quote;
    while (escapes > at && json[escapes - 1] === BACKSLASH) escapes -= 1;
    if ((quote - escapes) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The end of the value that starts at `pos` (no space before it). Deep nesting costs no stack. Throws `JsonScanError`. */
export function skipValue(json: Buffer, pos: number): number {
  const first = json[pos];
  if (first === QUOTE) return skipString(json, pos);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipContainer(json, pos);
  let at = pos;
  while (isLiteral(json[at])) at += 1;
  if (at === pos) throw new JsonScanError("a value", pos);
  return at;
}

/** What numbers, `true`, `false` and `null` are made of. */
function isLiteral(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = byte | 0x20;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (letter >= 0x61 && letter <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e
  );
}

function skipContainer(json: Buffer, pos: number): number {
  const end = json.length;
  let depth = 0;
  let at = pos;
  while (at < end) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = skipString(json, at);
      continue;
    }
    if (byte === SLASH) {
      at = skipComment(json, at);
      continue;
    }
    at += 1;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new JsonScanError("the end of an object or array", pos);
}

/**
 * Walks the members of the object whose `{` is at `pos`: the first key's offset, or `~end` when there is none. A loop
 * over keys instead of `eachMember`, where there are thousands of objects: calling back costs as much as scanning.
 *
 *     for (let key = firstKey(json, pos); key >= 0; key = nextKey(json, valueEnd)) …
 *
 * Throws `JsonScanError`.
 */
export function firstKey(json: Buffer, pos: number): number {
  if (json[pos] !== OPEN_OBJECT) throw new JsonScanError("an object", pos);
  const at = skipSpace(json, pos + 1);
  return json[at] === CLOSE_OBJECT ? ~(at + 1) : at;
}

/** Where the value begins, of the key that ends at `keyEnd`. Throws `JsonScanError`. */
export function valueAfter(json: Buffer, keyEnd: number): number {
  const colon = skipSpace(json, keyEnd);
  if (json[colon] !== COLON) throw new JsonScanError("a colon", colon);
  return skipSpace(json, colon + 1);
}

/** The offset of the key that follows a value, or `~end` when the object ends there. Throws `JsonScanError`. */
export function nextKey(json: Buffer, valueEnd: number): number {
  const at = skipSpace(json, valueEnd);
  if (json[at] === COMMA) return skipSpace(json, at + 1);
  if (json[at] === CLOSE_OBJECT) return ~(at + 1);
  throw new JsonScanError("a comma or the end of an object", at);
}

/** Called with the key's range (quotes included) and the value's start; answers where the value ends. */
export type MemberVisitor = (keyStart: number, keyEnd: number, valueStart: number) => number;

/**
 * Visits the members of the object whose `{` is at `pos`, in order, duplicates too; answers the object's end.
 * The visitor reads the value itself, or steps over it with `skipValue`. Throws `JsonScanError`.
 */
export function eachMember(json: Buffer, pos: number, visit: MemberVisitor): number {
  let key = firstKey(json, pos);
  while (key >= 0) {
    const keyEnd = skipString(json, key);
    key = nextKey(json, visit(key, keyEnd, valueAfter(json, keyEnd)));
  }
  return ~key;
}

/** `firstKey` for the array whose `[` is at `pos`: the first element's offset, or `~end`. Throws `JsonScanError`. */
export function firstElement(json: Buffer, pos: number): number {
  if (json[pos] !== OPEN_ARRAY) throw new JsonScanError("an array", pos);
  const at = skipSpace(json, pos + 1);
  return json[at] === CLOSE_ARRAY ? ~(at + 1) : at;
}

/** The offset of the element that follows one, or `~end` when the array ends there. Throws `JsonScanError`. */
export function nextElement(json: Buffer, valueEnd: number): number {
  const at = skipSpace(json, valueEnd);
  if (json[at] === COMMA) return skipSpace(json, at + 1);
  if (json[at] === CLOSE_ARRAY) return ~(at + 1);
  throw new JsonScanError("a comma or the end of an array", at);
}

/** `eachMember` for the elements of the array whose `[` is at `pos`. Throws `JsonScanError`. */
export function eachElement(json: Buffer, pos: number, visit: (valueStart: number) => number): number {
  let at = firstElement(json, pos);
  while (at >= 0) at = nextElement(json, visit(at));
  return ~at;
}

/** The text of the string in `start..end` (quotes included), escapes decoded. Throws `JsonScanError`. */
export function unquote(json: Buffer, start: number, end: number): string {
  if (!hasEscape(json, start, end)) return json.toString("utf8", start + 1, end - 1);
  try {
    return String(JSON.parse(json.toString("utf8", start, end)));
  } catch {
    throw new JsonScanError("a string with valid escapes", start);
  }
}

/** Whether there is a backslash in `start..end`. */
export function hasEscape(json: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (json[at] === BACKSLASH) return true;
  return false;
}

/**
 * Whether the string in `start..end` (quotes included) is written as plain ASCII, without escapes, and is `text`.
 * False can also mean that it is written in another way; `unquote` knows then.
 */
export function stringIs(json: Buffer, start: number, end: number, text: string): boolean {
  if (end - start - 2 !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) {
    const byte = json[start + 1 + at];
    if (byte !== text.charCodeAt(at) || byte === BACKSLASH || byte > 0x7f) return false;
  }
  return true;
}
