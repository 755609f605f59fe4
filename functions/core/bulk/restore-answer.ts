import { eachElement, eachMember, JsonScanError, skipSpace, skipValue, stringIs } from "./json-scan.ts";
import { memberRange } from "./member-range.ts";
import type { Operation } from "./operation.ts";
import { filterSource } from "./source-filter.ts";
import { cut, type Edit, splice } from "./splice.ts";
import type { WantedSource } from "./wanted-source.ts";

/**
 * PRIMARY's bulk answer as it would have been without the `_source: true` that `rewriteBulk` put into updates.
 * All other bytes stay. The very same buffer when there is nothing to take back, or when it is no bulk answer.
 */
export function restoreBulkAnswer(answer: Buffer, operations: readonly Operation[]): Buffer {
  if (!operations.some(({ action, source }) => action === "update" && source?.kind !== "all")) return answer;
  return restore(answer, (edits) => {
    let position = 0;
    eachMember(answer, skipSpace(answer, 0), (keyStart, keyEnd, valueStart) => {
      if (!stringIs(answer, keyStart, keyEnd, "items")) return skipValue(answer, valueStart);
      return eachElement(answer, valueStart, (element) => {
        const operation = operations[position];
        position += 1;
        if (operation?.action !== "update") return skipValue(answer, element);
        return eachMember(answer, element, (_keyStart, _keyEnd, item) =>
          restoreItem(answer, item, operation.source, edits),
        );
      });
    });
  });
}

/** The same for the answer to a single-document update. */
export function restoreDocumentAnswer(answer: Buffer, source: WantedSource | undefined): Buffer {
  return restore(answer, (edits) => {
    restoreItem(answer, skipSpace(answer, 0), source, edits);
  });
}

function restore(answer: Buffer, collect: (edits: Edit[]) => void): Buffer {
  const edits: Edit[] = [];
  try {
    collect(edits);
  } catch (error) {
    if (error instanceof JsonScanError) return answer;
    throw error;
  }
  return splice(answer, edits);
}

/** Answers the item's end. */
function restoreItem(answer: Buffer, item: number, source: WantedSource | undefined, edits: Edit[]): number {
  const got = memberRange(answer, item, "get");
  if (got.value === undefined || source?.kind === "all") return got.end;
  const document = memberRange(answer, got.value.start, "_source");
  if (source?.kind === "some") {
    if (document.value !== undefined) {
      edits.push({ ...document.value, bytes: filterSource(answer, document.value, source) });
    }
    return got.end;
  }
  // Without a document it is PRIMARY's own: an upsert whose script did nothing (observed on 2.19 and 8.19). But of one
  // that a script deleted it tells what was asked for, without having it (observed on 7.10).
  if (document.value === undefined && !isDeleted(answer, item)) return got.end;
  // `fields` (5.x) also come in `get`: then only the document goes.
  const asked = memberRange(answer, got.value.start, "fields").value !== undefined;
  const whole = asked ? document.whole : got.whole;
  if (whole !== undefined) edits.push(cut(whole));
  return got.end;
}

function isDeleted(answer: Buffer, item: number): boolean {
  const { value } = memberRange(answer, item, "result");
  return value !== undefined && stringIs(answer, value.start, value.end, "deleted");
}
