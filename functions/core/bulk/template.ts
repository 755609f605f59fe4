import type { ByteRange } from "./operation.ts";

/** Where a value is; set anew for each piece of JSON that is read. Start 0 is "absent". */
export interface Cell extends ByteRange {
  start: number;
  end: number;
}

/** A value that differs from one piece to the next, and the bytes before it that do not. */
interface Slot {
  readonly cell: Cell;
  readonly isString: boolean;
  /** In the bytes of the piece that was learnt, up to and with a string's opening quote. */
  readonly before: ByteRange;
}

/**
 * JSON that a program writes thousands of times alike, but for a few values: a bulk's action lines and the items of its
 * answer. What was parsed once is learnt; where the next one's bytes are the same between those values, they are where
 * they were, and nothing has to be parsed (docs/decisions/0011-own-scanner-for-json-bytes.md).
 */
export class Template {
  readonly #json: Buffer;
  #slots: readonly Slot[] = [];
  #absent: readonly Cell[] = [];
  #after: ByteRange = { start: 0, end: 0 };

  constructor(json: Buffer) {
    this.#json = json;
  }

  /** Takes `start..end` for the pattern; `cells` are the values that may differ, strings and whole numbers. */
  learn(start: number, end: number, cells: readonly Cell[]): void {
    const present = cells.filter((cell) => cell.start !== 0).sort((a, b) => a.start - b.start);
    this.#absent = cells.filter((cell) => cell.start === 0);
    let at = start;
    this.#slots = present.map((cell) => {
      const isString = this.#json[cell.start] === QUOTE;
      const before = { start: at, end: isString ? cell.start + 1 : cell.start };
      at = isString ? cell.end - 1 : cell.end;
      return { cell, isString, before };
    });
    this.#after = { start: at, end };
  }

  /**
   * Sets the cells to what the piece at `pos` has, and answers its end. -1 when it is not of the pattern, which says
   * nothing of it but that it has to be parsed; the cells are to be set anew then.
   */
  match(pos: number): number {
    const json = this.#json;
    let at = pos;
    for (const { cell, isString, before } of this.#slots) {
      at = sameBytes(json, at, before);
      if (at === -1) return -1;
      const end = isString ? plainStringEnd(json, at) : digitsEnd(json, at);
      if (end === -1) return -1;
      cell.start = isString ? at - 1 : at;
      cell.end = isString ? end + 1 : end;
      at = end;
    }
    for (const cell of this.#absent) cell.start = 0;
    return sameBytes(json, at, this.#after);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Behind the bytes at `pos` when they are those in `range`, else -1. */
function sameBytes(json: Buffer, pos: number, { start, end }: ByteRange): number {
  if (start === end) return -1;
  const shift = pos - start;
  for (let at = start; at < end; at += 1) if (json[at] !== json[at + shift]) return -1;
  return end + shift;
}

/** Where the string ends whose text begins at `pos`, before its quote; -1 when it has an escape. */
function plainStringEnd(json: Buffer, pos: number): number {
  for (let at = pos; ; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte === undefined) return -1;
  }
}

/** Where the digits end that begin at `pos`; -1 when there are none. */
function digitsEnd(json: Buffer, pos: number): number {
  let at = pos;
  for (; ; at += 1) {
    const byte = json[at];
    if (byte === undefined || byte < 0x30 || byte > 0x39) return at === pos ? -1 : at;
  }
}
