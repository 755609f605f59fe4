import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferList } from "../../functions/core/cluster/buffer-list.ts";
import { sliceOf } from "../../functions/core/replication/record.ts";
import { sendToBackup } from "../../functions/replay/backup-bulk.ts";
import { clusterError, fakeCluster } from "../support/fake-cluster.ts";

const lines = ['{"delete":{"_id":"1"}}\n', '{"delete":{"_id":"2"}}\n'].map((line) =>
  sliceOf(Buffer.from(line)),
);
const done = () => ({ body: { errors: false, items: [] } });

test("sendToBackup() names a mapping type on Elasticsearch 6 alone", async () => {
  const backup = fakeCluster("backup", done);
  backup.runs({ product: "elasticsearch", version: "6.8.23" });
  await sendToBackup(backup, lines);
  backup.runs({ product: "elasticsearch", version: "7.0.0" });
  await sendToBackup(backup, lines);
  assert.deepEqual(
    backup.requests.map(({ query }) => new URLSearchParams(query).get("type")),
    ["_doc", null],
  );
});

test("sendToBackup() tries again, and parks nothing, when BACKUP was replaced by a release with or without types", async () => {
  for (const reason of [
    "request [/_bulk] contains unrecognized parameter: [type]",
    "Validation Failed: 1: type is missing;2: type is missing;",
  ]) {
    const backup = fakeCluster("backup", () => clusterError(400, "illegal_argument_exception", reason));
    const kinds = (await sendToBackup(backup, lines)).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["retry", "retry"]);
  }
});

test("sendToBackup() sends the lines' very memory where they are few stretches, and one buffer where they are many", async () => {
  const large = Buffer.alloc(40_000, "x");
  const whole = { buffer: large, start: 0, end: large.length };
  const small = Array.from({ length: 9 }, (_, i) => ({ buffer: large, start: i * 10, end: i * 10 + 5 }));
  const backup = fakeCluster("backup", done);
  await sendToBackup(backup, [{ ...whole, end: 20_000 }, { ...whole, start: 20_000 }, whole]);
  await sendToBackup(backup, small);
  const [list, joined] = backup.requests.map(({ body }) => body);
  assert.ok(list instanceof BufferList);
  assert.deepEqual(
    list.buffers.map(({ buffer, length }) => [buffer === large.buffer, length]),
    [
      [true, 40_000],
      [true, 40_000],
    ],
  );
  assert.deepEqual(joined, Buffer.alloc(45, "x"));
});
