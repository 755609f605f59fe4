import {
  eachElement,
  eachMember,
  JsonScanError,
  nameIndex,
  skipSpace,
  skipValue,
  stringIs,
  unquote,
} from "./json-scan.ts";
import type { ByteRange, Operation } from "./operation.ts";
import type { BulkAnswer, Outcome } from "./outcome.ts";

/**
 * Pairs PRIMARY's bulk answer with the operations by position: the key of an item can differ from the action that
 * was sent, so it is not looked at. Never throws for what PRIMARY sent.
 */
export function readBulkAnswer(answer: Buffer, operations: readonly Operation[]): BulkAnswer {
  const outcomes: Outcome[] = [];
  let listed = false;
  const read = itemReader(answer);
  try {
    eachMember(answer, skipSpace(answer, 0), (keyStart, keyEnd, valueStart) => {
      if (!stringIs(answer, keyStart, keyEnd, "items")) return skipValue(answer, valueStart);
      listed = true;
      return eachElement(answer, valueStart, (element) =>
        eachMember(answer, element, (_keyStart, _keyEnd, item) => {
          const expectedId = operations[outcomes.length]?.id;
          const { outcome, end } = read(item, expectedId);
          outcomes.push(outcome);
          return end;
        }),
      );
    });
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
    return { kind: "unreadable", reason: error.message };
  }
  if (!listed) return { kind: "unreadable", reason: "there are no items" };
  if (outcomes.length === operations.length) return { kind: "ok", outcomes };
  return { kind: "mismatch", items: outcomes.length, operations: operations.length };
}

/** The same for the answer to a single-document request, errors included. Never throws for what PRIMARY sent. */
export function readDocumentAnswer(answer: Buffer): Outcome {
  try {
    return itemReader(answer)(skipSpace(answer, 0), undefined).outcome;
  } catch (error) {
    if (error instanceof JsonScanError) return { kind: "unreadable" };
    throw error;
  }
}

const FIELDS = [
  "_index",
  "_id",
  "_version",
  "result",
  "_seq_no",
  "_primary_term",
  "status",
  "get",
  "error",
] as const;

/** The range of one of the item's members, used again for every item to save allocations; start 0 is "absent". */
interface Cell {
  start: number;
  end: number;
}

interface Read {
  readonly outcome: Outcome;
  readonly end: number;
}

function itemReader(answer: Buffer): (item: number, expectedId: string | undefined) => Read {
  const cells = FIELDS.map((): Cell => ({ start: 0, end: 0 }));
  const cell = (name: (typeof FIELDS)[number]): Cell => cells[FIELDS.indexOf(name)] ?? { start: 0, end: 0 };
  const [index, id, version, result] = [cell("_index"), cell("_id"), cell("_version"), cell("result")];
  const [seqNo, primaryTerm, status] = [cell("_seq_no"), cell("_primary_term"), cell("status")];
  const [get, failure] = [cell("get"), cell("error")];
  let lastIndex = "";

  const collect = (keyStart: number, keyEnd: number, valueStart: number): number => {
    const end = skipValue(answer, valueStart);
    const found = cells[nameIndex(answer, keyStart, keyEnd, FIELDS)];
    if (found !== undefined) {
      found.start = valueStart;
      found.end = end;
    }
    return end;
  };

  const outcome = (expectedId: string | undefined): Outcome => {
    if (failure.start !== 0) return rejected(answer, failure, status);
    const meaning = resultAt(answer, result);
    if (meaning === "noop") return { kind: "noop" };
    if (meaning === undefined || !isString(answer, index) || !isString(answer, id)) return UNREADABLE;
    if (!stringIs(answer, index.start, index.end, lastIndex)) {
      lastIndex = unquote(answer, index.start, index.end);
    }
    const sameId = expectedId !== undefined && stringIs(answer, id.start, id.end, expectedId);
    const name = sameId ? expectedId : unquote(answer, id.start, id.end);
    const sequence = digits(answer, seqNo);
    const term = digits(answer, primaryTerm);
    if (sequence === undefined || term === undefined) {
      return { kind: "unsequenced", result: meaning, index: lastIndex, id: name };
    }
    return {
      kind: "written",
      result: meaning,
      index: lastIndex,
      id: name,
      seqNo: sequence,
      primaryTerm: term,
      version: digits(answer, version),
      source: get.start === 0 ? undefined : sourceOf(answer, get),
    };
  };

  return (item, expectedId) => {
    for (const one of cells) one.start = 0;
    const end = eachMember(answer, item, collect);
    return { outcome: outcome(expectedId), end };
  };
}

const UNREADABLE: Outcome = { kind: "unreadable" };

const RESULTS = ["created", "updated", "deleted", "not_found", "noop"] as const;

function resultAt(answer: Buffer, range: ByteRange): "index" | "delete" | "noop" | undefined {
  if (range.start === 0) return undefined;
  const result = RESULTS[nameIndex(answer, range.start, range.end, RESULTS)];
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
