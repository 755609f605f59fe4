import { Readable } from "node:stream";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Which strings of a JSON answer are replaced, and by what. */
export interface Replacement {
  /** Members deeper than that are not looked at; those of the answer's own object are at depth 1. */
  readonly depthMax: number;
  /** Whether the member of that name, at that depth, is to be replaced where its value is a string. */
  readonly isMeant: (name: string, depth: number) => boolean;
  /** JSON for the string's text. */
  readonly replace: (text: string, name: string) => string;
  /** The first is the only one: what follows it is not read, only passed on. @default false */
  readonly once?: boolean;
}

/**
 * A JSON answer with some of its strings replaced, byte for byte otherwise. A stream stays a stream: nothing is
 * held back but a string that is being replaced. Bytes that are not JSON pass as they are.
 */
export function replaceStrings(body: Buffer | Readable, replacement: Replacement): Buffer | Readable {
  const push = createReplacer(replacement);
  if (Buffer.isBuffer(body)) return Buffer.concat([...push(body), ...push(undefined)]);
  const replaced = Readable.from(pieces(body, push), { objectMode: false });
  return replaced.once("close", () => body.destroy());
}

async function* pieces(body: Readable, push: Replacer): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield* push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  yield* push(undefined);
}

/** Takes the answer's pieces, `undefined` at its end, and gives what goes on in their place. */
type Replacer = (chunk: Buffer | undefined) => readonly Buffer[];

function createReplacer(replacement: Replacement): Replacer {
  const { depthMax, isMeant, replace, once = false } = replacement;
  const skipString = createStringEnd();
  const inArray: boolean[] = [];
  let depth = 0;
  let expectsName = false;
  let name = "";
  let string: "none" | "skipped" | "name" | "value" = "none";
  let kept: Buffer[] = [];
  let done = false;

  const startString = (): typeof string => {
    if (depth > depthMax || depth === 0 || inArray[depth]) return "skipped";
    if (expectsName) return "name";
    return isMeant(name, depth) ? "value" : "skipped";
  };
  const endString = (out: Buffer[]) => {
    if (string === "name") name = textOf(kept) ?? "";
    if (string === "value") {
      const text = textOf(kept);
      if (text === undefined) out.push(...kept);
      else out.push(Buffer.from(replace(text, name)));
      done = once;
    }
    string = "none";
    kept = [];
  };
  const structure = (byte: number | undefined) => {
    switch (byte) {
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1;
        if (depth <= depthMax) inArray[depth] = byte === OPEN_ARRAY;
        expectsName = byte === OPEN_OBJECT;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth -= 1;
        break;
      case COMMA:
        expectsName = true;
        break;
      case COLON:
        expectsName = false;
    }
  };

  return (chunk) => {
    if (chunk === undefined) return string === "value" ? kept : [];
    if (done) return [chunk];
    const out: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length && !done; ) {
      if (string === "none") {
        if (chunk[at] !== QUOTE) {
          structure(chunk[at]);
          at += 1;
          continue;
        }
        string = startString();
        if (string === "value" && at > from) out.push(chunk.subarray(from, at));
        kept = string === "skipped" ? [] : [chunk.subarray(at, at + 1)];
        at += 1;
        from = string === "value" ? at : from;
        continue;
      }
      const end = skipString(chunk, at);
      const stop = end ?? chunk.length;
      if (string !== "skipped") kept.push(chunk.subarray(at, stop));
      if (string === "value") from = stop;
      if (end !== undefined) endString(out);
      at = stop;
    }
    if (from < chunk.length) out.push(chunk.subarray(from));
    return out;
  };
}

/**
 * Finds where a string ends, across pieces: the offset after its closing quote, `undefined` when it goes on in the
 * next piece.
 */
function createStringEnd(): (chunk: Buffer, start: number) => number | undefined {
  /** The piece before ended with a backslash that escapes the first byte of this one. */
  let escaped = false;
  return (chunk, start) => {
    let from = start;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, from);
      const stop = quote === -1 ? chunk.length : quote;
      let first = stop;
      while (first > from && chunk[first - 1] === BACKSLASH) first -= 1;
      const backslashes = stop - first + (first === from && escaped ? 1 : 0);
      escaped = backslashes % 2 === 1;
      if (quote === -1) return undefined;
      if (!escaped) return quote + 1;
      escaped = false;
      from = quote + 1;
    }
  };
}

function textOf(pieces: readonly Buffer[]): string | undefined {
  try {
    return String(JSON.parse(Buffer.concat(pieces).toString("utf8")));
  } catch {
    return undefined;
  }
}
