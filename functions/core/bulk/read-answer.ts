import {
  eachMember,
  firstElement,
  firstKey,
  JsonScanError,
  nextElement,
  nextKey,
  skipSpace,
  skipString,
  skipValue,
  stringIs,
  unquote,
  valueAfter,
} from "./json-scan.ts";
import { nameIndex, nameTable } from "./name-table.ts";
import type { ByteRange, Operation } from "./operation.ts";
import type { BulkAnswer, Outcome } from "./outcome.ts";
import { type Cell, Template } from "./template.ts";

/**
 * Pairs PRIMARY's bulk answer with the operations by position: the key of an item can differ from the action that
 * was sent, so it is not looked at. Never throws for what PRIMARY sent.
 */
export function readBulkAnswer(answer: Buffer, operations: readonly Operation[]): BulkAnswer {
  const outcomes: Outcome[] = [];
  let listed = false;
  try {
    eachMember(answer, skipSpace(answer, 0), (keyStart, keyEnd, valueStart) => {
      if (!stringIs(answer, keyStart, keyEnd, "items")) return skipValue(answer, valueStart);
      listed = true;
      return readItems(answer, valueStart, operations, outcomes);
    });
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
    return { kind: "unreadable", reason: error.message };
  }
  if (!listed) return { kind: "unreadable", reason: "there are no items" };
  if (outcomes.length === operations.length) return { kind: "ok", outcomes };
  return { kind: "mismatch", items: outcomes.length, operations: operations.length };
}

/** Adds each item's outcome, and answers where the list of items ends. */
function readItems(
  answer: Buffer,
  list: number,
  operations: readonly Operation[],
  outcomes: Outcome[],
): number {
  const reader = new ItemReader(answer);
  let element = firstElement(answer, list);
  while (element >= 0) {
    let key = firstKey(answer, element);
    while (key >= 0) {
      const end = reader.read(valueAfter(answer, skipString(answer, key)));
      outcomes.push(reader.outcome(operations[outcomes.length]?.id));
      key = nextKey(answer, end);
    }
    element = nextElement(answer, ~key);
  }
  return ~element;
}

/** The same for the answer to a single-document request, errors included. Never throws for what PRIMARY sent. */
export function readDocumentAnswer(answer: Buffer): Outcome {
  try {
    const reader = new ItemReader(answer);
    reader.read(skipSpace(answer, 0));
    return reader.outcome(undefined);
  } catch (error) {
    if (error instanceof JsonScanError) return { kind: "unreadable" };
    throw error;
  }
}

/** `_version` decides nothing: it is here because it differs from item to item. */
const FIELDS = nameTable([
  "_index",
  "_id",
  "_version",
  "result",
  "_seq_no",
  "_primary_term",
  "status",
  "get",
  "error",
]);
type Field = (typeof FIELDS)["names"][number];

/** Reads one item after the other, into the same cells: an answer has thousands. */
class ItemReader {
  readonly #answer: Buffer;
  readonly #template: Template;
  readonly #cells = FIELDS.names.map((): Cell => ({ start: 0, end: 0 }));
  readonly #index = this.#cell("_index");
  readonly #id = this.#cell("_id");
  readonly #result = this.#cell("result");
  readonly #seqNo = this.#cell("_seq_no");
  readonly #primaryTerm = this.#cell("_primary_term");
  readonly #status = this.#cell("status");
  readonly #get = this.#cell("get");
  readonly #error = this.#cell("error");
  #lastIndex = "";

  constructor(answer: Buffer) {
    this.#answer = answer;
    this.#template = new Template(answer);
  }

  #cell(field: Field): Cell {
    return this.#cells[FIELDS.names.indexOf(field)] ?? { start: 0, end: 0 };
  }

  /** Reads the item whose `{` is at `item`, and answers where it ends. Throws `JsonScanError`. */
  read(item: number): number {
    const known = this.#template.match(item);
    if (known !== -1) return known;
    const end = this.#parse(item);
    // No other item is like one with a document or a reason.
    if (this.#get.start === 0 && this.#error.start === 0) this.#template.learn(item, end, this.#cells);
    return end;
  }

  #parse(item: number): number {
    const answer = this.#answer;
    const cells = this.#cells;
    for (const cell of cells) cell.start = 0;
    let key = firstKey(answer, item);
    while (key >= 0) {
      const keyEnd = skipString(answer, key);
      const start = valueAfter(answer, keyEnd);
      const end = skipValue(answer, start);
      const cell = cells[nameIndex(answer, key, keyEnd, FIELDS)];
      if (cell !== undefined) {
        cell.start = start;
        cell.end = end;
      }
      key = nextKey(answer, end);
    }
    return ~key;
  }

  /** What became of the operation whose item was read last. Throws `JsonScanError`. */
  outcome(expectedId: string | undefined): Outcome {
    const answer = this.#answer;
    if (this.#error.start !== 0) return rejected(answer, this.#error, this.#status);
    const result = resultAt(answer, this.#result);
    if (result === "noop") return { kind: "noop" };
    if (result === undefined || !isString(answer, this.#index) || !isString(answer, this.#id))
      return UNREADABLE;
    const index = textAt(answer, this.#index, this.#lastIndex);
    this.#lastIndex = index;
    const id = textAt(answer, this.#id, expectedId);
    const seqNo = digits(answer, this.#seqNo);
    const primaryTerm = digits(answer, this.#primaryTerm);
    if (seqNo === undefined || primaryTerm === undefined) return { kind: "unsequenced", result, index, id };
    const source = this.#get.start === 0 ? undefined : sourceOf(answer, this.#get);
    return { kind: "written", result, index, id, seqNo, primaryTerm, source };
  }
}

/** The text of a string, which is mostly the expected one and then needs not be made. */
function textAt(answer: Buffer, { start, end }: ByteRange, expected: string | undefined): string {
  return expected !== undefined && stringIs(answer, start, end, expected)
    ? expected
    : unquote(answer, start, end);
}

const UNREADABLE: Outcome = { kind: "unreadable" };

const RESULTS = nameTable(["created", "updated", "deleted", "not_found", "noop"]);

function resultAt(answer: Buffer, range: ByteRange): "index" | "delete" | "noop" | undefined {
  if (range.start === 0) return undefined;
  const result = RESULTS.names[nameIndex(answer, range.start, range.end, RESULTS)];
  switch (result) {
    case "created":
    case "updated":
      return "index";
    // A delete that found nothing takes a sequence number all the same, and BACKUP may hold the document.
    case "deleted":
    case "not_found":
      return "delete";
    default:
      return result;
  }
}

function isString(answer: Buffer, range: ByteRange): boolean {
  return range.start !== 0 && answer[range.start] === 0x22;
}

/** A whole number's digits, exact at any size; `undefined` for everything else, -2 ("unassigned") included. */
function digits(answer: Buffer, range: ByteRange): string | undefined {
  const { start, end } = range;
  if (start === 0) return undefined;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const byte = answer[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) return undefined;
    value = value * 10 + byte - 0x30;
  }
  // Turning a small number into a string is cheaper than cutting it out of the buffer.
  return end - start <= 9 ? String(value) : answer.toString("latin1", start, end);
}

function rejected(answer: Buffer, error: ByteRange, status: ByteRange): Outcome {
  let type = "unknown";
  if (answer[error.start] === 0x7b) {
    eachMember(answer, error.start, (keyStart, keyEnd, valueStart) => {
      const end = skipValue(answer, valueStart);
      if (stringIs(answer, keyStart, keyEnd, "type") && answer[valueStart] === 0x22) {
        type = unquote(answer, valueStart, end);
      }
      return end;
    });
  }
  return { kind: "rejected", status: Number(digits(answer, status) ?? 0), type };
}

function sourceOf(answer: Buffer, get: ByteRange): ByteRange | undefined {
  if (answer[get.start] !== 0x7b) return undefined;
  let source: ByteRange | undefined;
  eachMember(answer, get.start, (keyStart, keyEnd, start) => {
    const end = skipValue(answer, start);
    if (stringIs(answer, keyStart, keyEnd, "_source")) source = { start, end };
    return end;
  });
  return source;
}
