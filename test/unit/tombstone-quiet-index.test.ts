import assert from "node:assert/strict";
import { test } from "node:test";
import { createIsQuiet } from "../../functions/core/tombstone/quiet-index.ts";
import { createTombstones } from "../../functions/core/tombstone/tombstones.ts";
import { fakeCluster } from "../support/fake-cluster.ts";

const index = "understudy-tombstones-2026.03";
const march = Date.parse("2026-03-15T12:00:00Z");
const hour = 3_600_000;

/** BACKUP whose side index has given out the sequence numbers up to `maxSeqNo`. */
function backupAt(progress: { maxSeqNo: number; globalCheckpoint: number } | undefined) {
  return fakeCluster("backup", ({ path }) => {
    if (path === "/_mget") return { body: { docs: [{ _source: { key: "k7", version: "9" } }] } };
    if (!path.endsWith("/_stats") || progress === undefined) return { body: {} };
    const { maxSeqNo: max_seq_no, globalCheckpoint: global_checkpoint } = progress;
    const copy = { routing: { primary: true }, seq_no: { max_seq_no, global_checkpoint } };
    return { body: { indices: { [index]: { shards: { 0: [copy] } } } } };
  });
}

test("isQuiet() is true of a side index that was never written to", async () => {
  const isQuiet = createIsQuiet(backupAt({ maxSeqNo: -1, globalCheckpoint: -1 }), () => march);
  assert.equal(await isQuiet(index, 0), true);
});

test("isQuiet() is true when the highest number has not moved since before the moment, and only then", async () => {
  const progress = { maxSeqNo: 41, globalCheckpoint: 41 };
  let now = march;
  const isQuiet = createIsQuiet(backupAt(progress), () => now);
  assert.equal(await isQuiet(index, march + hour), false, "seen for the first time");
  now += 2 * hour;
  assert.equal(await isQuiet(index, march + hour), true);
  assert.equal(await isQuiet(index, march), false, "something may have been written since then");
  progress.maxSeqNo = 42;
  assert.equal(await isQuiet(index, march + hour), false, "something was written");
  assert.equal(await isQuiet(index, march + hour), false, "it was written after that moment");
});

test("isQuiet() does not trust a number that a copy of the shard does not have yet", async () => {
  const progress = { maxSeqNo: 41, globalCheckpoint: 40 };
  const isQuiet = createIsQuiet(backupAt(progress), () => march);
  for (let times = 0; times < 3; times++) assert.equal(await isQuiet(index, march + hour), false);
});

test("isQuiet() is false when BACKUP does not say: a shard without a primary copy", async () => {
  assert.equal(await createIsQuiet(backupAt(undefined), () => march)(index, march), false);
});

test("find() of many keys does not look them up while nothing can be found, and of few does at once", async () => {
  const keys = Array.from({ length: 64 }, (_, i) => `k${i}`);
  const paths = async (backup: ReturnType<typeof backupAt>, wanted: readonly string[]) => {
    const found = await createTombstones(backup, () => march).find(wanted, march - hour);
    const asked = backup.requests.map(({ path }) => path).filter((path) => /_mget|_stats/.test(path));
    return { asked, found: [...found] };
  };
  const never = { maxSeqNo: -1, globalCheckpoint: -1 };
  const tombstone = ["k7", "9"];
  assert.deepEqual(await paths(backupAt(never), keys), { asked: [`/${index}/_stats`], found: [] });
  assert.deepEqual(await paths(backupAt({ maxSeqNo: 3, globalCheckpoint: 3 }), keys), {
    asked: [`/${index}/_stats`, "/_mget"],
    found: [tombstone],
  });
  assert.deepEqual(await paths(backupAt(never), keys.slice(1)), { asked: ["/_mget"], found: [tombstone] });
});
