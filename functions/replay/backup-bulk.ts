import * as v from "valibot";
import { BufferList } from "../core/cluster/buffer-list.ts";
import { errorOf, isClusterFailure, readJson } from "../core/cluster/json-request.ts";
import { type Cluster, ClusterError, type ClusterResponse } from "../core/cluster/port.ts";
import { hasTypes } from "../core/cluster/release.ts";
import { type BackupItem, type Disposition, dispositionOf } from "../core/replication/disposition.ts";
import type { ByteSlice } from "../core/replication/record.ts";
import { splitBySize } from "../core/replication/split-by-size.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";

const answerSchema = v.object({
  items: v.array(
    v.record(
      v.string(),
      v.object({
        status: v.number(),
        error: v.optional(
          v.object({
            type: v.string(),
            reason: v.optional(v.nullable(v.string()), ""),
            caused_by: v.optional(v.object({ reason: v.optional(v.nullable(v.string()), "") })),
          }),
        ),
      }),
    ),
  ),
});

/** Only what dispositions need; `_none` keeps BACKUP's pipelines away from documents that are final. */
const query =
  "pipeline=_none&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";

const changedTypes = /type is missing|unrecognized parameter: \[type\]/;

/** A bulk is cut here: well below `http.max_content_length`, large enough to be worth its round trip. */
const bulkBytesMax = 8 * 1024 * 1024;

/**
 * Sends operations' bulk lines to BACKUP, in few requests, and says of each what became of it.
 * It never throws for a cluster's failure: an outage is `retry` for every operation it touched.
 */
export async function sendToBackup(
  backup: Cluster,
  lines: readonly ByteSlice[],
): Promise<readonly Disposition[]> {
  const dispositions: Disposition[] = [];
  for (const chunk of splitBySize(lines, ({ start, end }) => end - start, { sizeMax: bulkBytesMax })) {
    for (const disposition of await sendChunk(backup, chunk)) dispositions.push(disposition);
  }
  return dispositions;
}

async function sendChunk(backup: Cluster, lines: readonly ByteSlice[]): Promise<readonly Disposition[]> {
  if (lines.length === 0) return [];
  const all = (disposition: Disposition) => allOf(lines, disposition);
  let answer: ClusterResponse;
  try {
    answer = await backup.send({
      method: "POST",
      path: "/_bulk",
      query: hasTypes(await backup.release()) ? `${query}&type=_doc` : query,
      headers: { "content-type": "application/x-ndjson", accept: "application/json" },
      body: bodyOf(lines),
    });
  } catch (error) {
    if (!isClusterFailure(error)) throw error;
    return all({ kind: "retry", reason: `BACKUP is unavailable: ${error.message}` });
  }
  if (answer.status === 200) return readItems(backup, lines, answer);
  const { type, reason } = errorOf(answer);
  const why = `${answer.status} ${type}: ${reason}`;
  // BACKUP is another one than a moment ago: with types, or without.
  if (answer.status === 400 && changedTypes.test(reason)) return all({ kind: "retry", reason: why });
  // One line can spoil a whole request, or the request is too large: the halves tell.
  if (answer.status === 413 || (answer.status === 400 && type !== "unknown")) {
    if (lines.length === 1) return all({ kind: "park", reason: why });
    const middle = lines.length >> 1;
    return [
      ...(await sendChunk(backup, lines.slice(0, middle))),
      ...(await sendChunk(backup, lines.slice(middle))),
    ];
  }
  return all({ kind: "retry", reason: why });
}

/** Stretches shorter than this on average are joined: a call for each costs more than the copy. */
const stretchBytesMin = 16 * 1024;

/**
 * The lines' bytes. Those of a record stand one after the other in its body, mostly all of them: they are that very
 * memory then, which nothing here copies.
 */
function bodyOf(lines: readonly ByteSlice[]): Buffer | BufferList {
  const stretches: { buffer: Buffer; start: number; end: number }[] = [];
  for (const { buffer, start, end } of lines) {
    const last = stretches.at(-1);
    if (last?.buffer === buffer && last.end === start) last.end = end;
    else stretches.push({ buffer, start, end });
  }
  const list = new BufferList(stretches.map(({ buffer, start, end }) => buffer.subarray(start, end)));
  return list.length < stretches.length * stretchBytesMin ? list.joined() : list;
}

function readItems(
  backup: Cluster,
  lines: readonly ByteSlice[],
  answer: ClusterResponse,
): readonly Disposition[] {
  // The common answer: every operation done, nothing to read.
  if (answer.body.subarray(0, 40).includes('"errors":false')) return allOf(lines, { kind: "applied" });
  try {
    const { items } = readJson(backup, answerSchema, answer);
    if (items.length !== lines.length) throw new ClusterError("backup", "lost", "items are missing");
    return items.map((item) => dispositionOf(itemOf(Object.values(item)[0])));
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return allOf(lines, { kind: "retry", reason: reasonOf(error) });
  }
}

function allOf(lines: readonly ByteSlice[], disposition: Disposition): readonly Disposition[] {
  return new Array<Disposition>(lines.length).fill(disposition);
}

type AnswerItem = v.InferOutput<typeof answerSchema>["items"][number][string];

function itemOf(item: AnswerItem | undefined): BackupItem {
  if (item === undefined) return { status: 500, error: { type: "unknown", reason: "an empty item" } };
  if (item.error === undefined) return { status: item.status, error: undefined };
  const cause = item.error.caused_by?.reason;
  const reason = cause ? `${item.error.reason ?? ""} (${cause})` : (item.error.reason ?? "");
  return { status: item.status, error: { type: item.error.type, reason } };
}
