import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Header,
  headerOf,
  parseMessage,
  recordOf,
  UnreadableRecord,
} from "../../functions/core/replication/header.ts";
import {
  type ReplicationRecord,
  recordSchema,
  wholeIndexRecord,
} from "../../functions/core/replication/record.ts";

const writtenAtMs = 1_700_000_000_123;
const strange = 'a/b "\\ \n\t é 漢 😀 __proto__ \u0000';

const records: readonly ReplicationRecord[] = [
  {
    kind: "apply",
    writtenAtMs,
    incarnation: { index: "books", uuid: "Xy_9-aBc", createdMs: 12 },
    manifest: [
      { id: strange, routing: undefined, version: "18446744073709551615", deletes: false, bytes: 120 },
      { id: "2", routing: "", version: "0", deletes: true, bytes: 0 },
      { id: "", routing: strange, version: "7", deletes: false, bytes: 3 },
    ],
  },
  { kind: "apply", writtenAtMs, incarnation: { index: "b", uuid: "u", createdMs: 0 }, manifest: [] },
  {
    kind: "reconcile",
    writtenAtMs,
    reason: "outcome unknown",
    keys: [
      { index: "alias", id: strange, routing: undefined },
      { index: "books", id: "2", routing: "r" },
    ],
    looksLeft: 2,
  },
  {
    kind: "reconcile-index",
    writtenAtMs,
    reason: "why",
    index: "books",
    awaitsTasks: true,
    cursor: undefined,
  },
  {
    kind: "reconcile-index",
    writtenAtMs,
    reason: "why",
    index: "books",
    awaitsTasks: false,
    cursor: { side: "backup", shard: 4, afterSeqNo: "1099511627775" },
  },
  { kind: "define", writtenAtMs, reason: "PUT /books", pattern: "books,-old*" },
  { kind: "define", writtenAtMs, requestId: "c6af9ac6", reason: "PUT /books", pattern: "books" },
  { kind: "define", writtenAtMs, reason: "PUT /_template/t", of: "template", pattern: "t" },
];

for (const record of records) {
  test(`headerOf() and recordOf() carry a ${record.kind} record there and back`, () => {
    const line = JSON.stringify(headerOf(record, { encoding: "none" }));
    assert.equal(line.includes("\n"), false);
    assert.deepEqual(recordOf(parseMessage(line).header), record);
  });
}

test("recordOf() reads a record that was queued before its newest members were", () => {
  const shared = { schema: 1, writtenAtMs, reason: "why", body: { encoding: "none" } };
  const index = JSON.stringify({ ...shared, kind: "reconcile-index", index: "books" });
  assert.deepEqual(recordOf(parseMessage(index).header), wholeIndexRecord("books", "why", writtenAtMs));
  const keys = JSON.stringify({ ...shared, kind: "reconcile", keys: [["books", "1"]] });
  const record = recordOf(parseMessage(keys).header);
  assert.ok(record.kind === "reconcile");
  assert.equal(record.looksLeft, 0);
  assert.deepEqual(record.keys, [{ index: "books", id: "1", routing: undefined }]);
});

test("parseMessage() reads a record of the schema before this one: rows, and SHA-256 for its payload", () => {
  const id = "0f0e0d0c-0b0a-4908-8706-050403020100";
  const earlier = {
    schema: recordSchema - 1,
    writtenAtMs,
    kind: "apply",
    index: "books",
    uuid: "u",
    createdMs: 1,
    body: { encoding: "gzip", payload: { id, bytes: 12, sha256: "abc" } },
    ops: [
      ["1", "7", 3, 0, null],
      ["2", "8", 4, 1, "r"],
      ["3", "9", 5],
    ],
  };
  const { header: read } = parseMessage(JSON.stringify(earlier));
  assert.deepEqual(read.body.payload, { id, bytes: 12, checksum: "sha256-abc" });
  const record = recordOf(read);
  assert.ok(record.kind === "apply");
  assert.deepEqual(record.manifest, [
    { id: "1", routing: undefined, version: "7", deletes: false, bytes: 3 },
    { id: "2", routing: "r", version: "8", deletes: true, bytes: 4 },
    { id: "3", routing: undefined, version: "9", deletes: false, bytes: 5 },
  ]);
});

test("recordOf() takes no notice of members that it does not know", () => {
  const later = {
    ...headerOf(wholeIndexRecord("b", "r", 1), { encoding: "none" }),
    onlyIfCountsDiffer: true,
  };
  const { header: read } = parseMessage(JSON.stringify(later));
  assert.deepEqual(recordOf(read), wholeIndexRecord("b", "r", 1));
});

test("wholeIndexRecord() begins at the first page, and awaits PRIMARY's tasks only where it is told to", () => {
  const record = { kind: "reconcile-index", writtenAtMs: 5, reason: "r", index: "b", cursor: undefined };
  assert.deepEqual(wholeIndexRecord("b", "r", 5), { ...record, awaitsTasks: false });
  assert.deepEqual(wholeIndexRecord("b", "r", 5, true), { ...record, awaitsTasks: true });
});

const example: ReplicationRecord = { kind: "define", writtenAtMs, reason: "PUT /b", pattern: "b" };
const header = (): Header => headerOf(example, { encoding: "none" });

test("parseMessage() separates the header from the body at the first newline only", () => {
  const body = "line one\nline two\n\n";
  const { header: read, inline } = parseMessage(`${JSON.stringify(header())}\n${body}`);
  assert.equal(read.kind, "define");
  assert.equal(inline, body);
});

test("parseMessage() keeps where the payload is, and takes no bucket or path from a message", () => {
  const id = "0f0e0d0c-0b0a-4908-8706-050403020100";
  const pointer = { id, bytes: 12, checksum: "abc", bucket: "attacker", key: "../secrets" };
  const text = JSON.stringify({ ...header(), body: { encoding: "gzip", payload: pointer } });
  assert.deepEqual(parseMessage(text).header.body.payload, { id, bytes: 12, checksum: "abc" });
  for (const bad of ["../../etc/passwd", "payloads/x", "", `${id}/x`]) {
    const altered = JSON.stringify({
      ...header(),
      body: { encoding: "gzip", payload: { ...pointer, id: bad } },
    });
    assert.throws(() => parseMessage(altered), UnreadableRecord, bad);
  }
});

const unreadable: Readonly<Record<string, string>> = {
  "an empty message": "",
  "text that is no JSON": "hello",
  "a cut header": JSON.stringify(header()).slice(0, -3),
  "a JSON array": "[]",
  "a JSON null": "null",
  "a later schema": JSON.stringify({ ...header(), schema: 99 }),
  "no schema": JSON.stringify({ ...header(), schema: undefined }),
  "an unknown kind": JSON.stringify({ ...header(), kind: "destroy" }),
  "a missing field": JSON.stringify({ ...header(), pattern: undefined }),
  "an unknown encoding": JSON.stringify({ ...header(), body: { encoding: "zip" } }),
  "a version that is no number": JSON.stringify({
    ...header(),
    kind: "apply",
    index: "b",
    uuid: "u",
    createdMs: 1,
    ops: { ids: ["1"], versions: ["1e3"], bytes: [3], deletes: [], routings: [] },
  }),
  "a manifest with columns of different lengths": JSON.stringify({
    ...header(),
    kind: "apply",
    index: "b",
    uuid: "u",
    createdMs: 1,
    ops: { ids: ["1"], versions: ["7", "8"], bytes: [3], deletes: [], routings: [] },
  }),
  "a manifest that deletes what it does not have": JSON.stringify({
    ...header(),
    kind: "apply",
    index: "b",
    uuid: "u",
    createdMs: 1,
    ops: { ids: ["1"], versions: ["7"], bytes: [3], deletes: [1], routings: [] },
  }),
};

for (const [what, message] of Object.entries(unreadable)) {
  test(`parseMessage() refuses ${what} as UnreadableRecord`, () => {
    assert.throws(() => parseMessage(message), UnreadableRecord);
  });
}
