import * as v from "valibot";
import { ask, readJson } from "../../functions/core/cluster/json-request.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import { readDefinitions } from "../../functions/core/definition/index-definition.ts";
import type { ReplicationRecord } from "../../functions/core/replication/record.ts";
import { segment } from "../../functions/core/routing/path.ts";
import type { Suspect } from "./judge-document.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import { sendRecords, wholeIndex } from "./send-records.ts";
import type { IndexResult } from "./verify-clusters.ts";

/** Keys of one reconcile record, as the gateway makes them. */
const keysPerRecord = 500;

const reason = "verify --repair";

/**
 * Queues what makes PRIMARY's truth of everything that differs.
 * @returns how many records that took.
 */
export async function queueRepairs(results: readonly IndexResult[], queue: ReachedQueue): Promise<number> {
  const records: ReplicationRecord[] = [];
  for (const result of results) {
    switch (result.kind) {
      case "unknown":
        break;
      case "only-on-primary":
      case "only-on-backup":
        records.push(...wholeIndex(result.index, reason));
        break;
      case "compared": {
        const { index, look, lasting, rules } = result;
        if (lasting.size === 0) break;
        // A few keys of an index that BACKUP's does not stand for would replace it by those few.
        if (look.cut || !rules.comparable) records.push(...wholeIndex(index, reason));
        else records.push(...reconcileRecords([...lasting]));
      }
    }
  }
  await sendRecords(queue, records);
  return records.length;
}

/**
 * Deletes on BACKUP the documents whose version there is not below PRIMARY's: somebody else wrote them, and
 * they would count as newer than their repair for ever. One that changes meanwhile is left alone.
 * @param stubborn a repair did not help: everything that differs and BACKUP holds is deleted.
 * @returns how many were deleted. BACKUP remembers their versions for `deletionMemoryMs`.
 */
export async function clearTheWay(
  results: readonly IndexResult[],
  backup: Cluster,
  stubborn: boolean,
): Promise<number> {
  let deleted = 0;
  for (const result of results) {
    if (result.kind !== "compared") continue;
    const inTheWay = [...result.lasting].filter(({ held, superseding }) => held && (stubborn || superseding));
    deleted += await deleteOnBackup(backup, result.index, inTheWay);
  }
  return deleted;
}

function reconcileRecords(suspects: readonly Suspect[]): readonly ReplicationRecord[] {
  const records: ReplicationRecord[] = [];
  for (let from = 0; from < suspects.length; from += keysPerRecord) {
    const keys = suspects.slice(from, from + keysPerRecord).map(({ key }) => key);
    records.push({ kind: "reconcile", writtenAtMs: Date.now(), reason, keys, looksLeft: 0 });
  }
  return records;
}

const answerSchema = v.object({
  items: v.array(v.record(v.string(), v.object({ status: v.number() }))),
});

/** Deletes exactly what was seen: a document that replay has written since is left alone. */
async function deleteOnBackup(backup: Cluster, index: string, suspects: readonly Suspect[]): Promise<number> {
  let deleted = 0;
  for (let from = 0; from < suspects.length; from += keysPerRecord) {
    const lines = suspects.slice(from, from + keysPerRecord).flatMap(({ key: { id, routing }, held }) => {
      if (held === undefined) return [];
      const at = `"if_seq_no":${held.seqNo},"if_primary_term":${held.primaryTerm}`;
      const by = routing === undefined ? "" : `,"routing":${JSON.stringify(routing)}`;
      return [`{"delete":{"_id":${JSON.stringify(id)}${by},${at}}}\n`];
    });
    const answer = await ask(backup, {
      method: "POST",
      path: `/${segment(index)}/_bulk`,
      query: "filter_path=items.*.status",
      body: Buffer.from(lines.join("")),
    });
    if (answer.status === 404) continue;
    const { items } = readJson(backup, answerSchema, answer);
    deleted += items.flatMap((item) => Object.values(item)).filter(({ status }) => status === 200).length;
  }
  return deleted;
}

const unitMs = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** How long BACKUP remembers deletions in these indices, in milliseconds: the longest `index.gc_deletes`. */
export async function deletionMemoryMs(backup: Cluster, indices: readonly string[]): Promise<number> {
  if (indices.length === 0) return 0;
  const times = [...(await readDefinitions(backup, indices.join(","))).values()].map(({ settings }) => {
    const [, count, unit] = /^(\d+)([a-z]+)$/.exec(String(settings["index.gc_deletes"] ?? "60s")) ?? [];
    return Number(count ?? 60) * (unitMs.get(unit ?? "s") ?? 1000);
  });
  return Math.max(0, ...times);
}
