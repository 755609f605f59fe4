import { filterPath } from "../core/bulk/filter-path.ts";

const newline = 10;

/**
 * The client's `filter_path` on PRIMARY's answer: PRIMARY was asked without it, because replication needs
 * what a filter may take away. Exceptions are never filtered (observed on 7.10 and 8.19).
 */
export function filterAnswer(answer: Buffer, filter: string | null): Buffer {
  if (filter === null || answer.subarray(0, 20).includes('{"error":{')) return answer;
  const filtered = filterPath(answer, filter);
  // `pretty` ends the answer with a newline, filtered or not.
  return answer.at(-1) === newline && filtered.at(-1) !== newline
    ? Buffer.concat([filtered, Buffer.of(newline)])
    : filtered;
}
