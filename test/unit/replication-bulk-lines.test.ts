import assert from "node:assert/strict";
import { test } from "node:test";
import { bulkLines, linesOf } from "../../functions/core/replication/bulk-lines.ts";
import { bytesOf, type ReplicaOperation, sliceOf } from "../../functions/core/replication/record.ts";

const uuid = "Xy_9-aBc";
const target = `"_index":"understudy-I-${uuid}"`;

function operation(id: string, document: Buffer | string | undefined, more: Partial<ReplicaOperation> = {}) {
  const bytes = document === undefined ? undefined : sliceOf(Buffer.from(document));
  return { id, routing: undefined, version: "7", document: bytes, ...more };
}

test("bulkLines() writes explicit ids and external versions for the incarnation's alias", () => {
  const { body } = bulkLines(uuid, [
    operation("1", '{"n":1}'),
    operation("2", undefined, { routing: "r", version: "4611686018427387903" }),
  ]);
  assert.equal(
    body.toString(),
    [
      `{"index":{${target},"version_type":"external","version":"7","_id":"1"}}`,
      '{"n":1}',
      `{"delete":{${target},"version_type":"external","version":"4611686018427387903","_id":"2","routing":"r"}}`,
      "",
    ].join("\n"),
  );
});

test("bulkLines() copies a document's bytes untouched: big integers, duplicate names, bytes that are no text", () => {
  const documents = [
    Buffer.from('{"n":9007199254740993,"n":1.10,"e":1E400,  "s":"\\u0041é漢😀" }'),
    Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    Buffer.from("{}"),
  ];
  const { body, manifest } = bulkLines(
    uuid,
    documents.map((document, i) => operation(`é${i}😀"\\\n`, document)),
  );
  const lines = linesOf({ body, manifest });
  assert.ok(lines);
  for (const [i, document] of documents.entries()) {
    const slice = lines[i];
    assert.ok(slice);
    const line = bytesOf(slice);
    const start: number = line.indexOf(10) + 1;
    assert.deepEqual(line.subarray(start, -1), document);
    assert.equal(line.at(-1), 10);
    assert.equal(JSON.parse(line.toString("utf8", 0, start)).index._id, `é${i}😀"\\\n`);
  }
});

test("bulkLines() says in the manifest what each operation is and how many bytes it takes", () => {
  const operations = [operation("é", '{"a":"漢"}', { routing: "ü" }), operation("2", undefined)];
  const { body, manifest } = bulkLines(uuid, operations);
  assert.deepEqual(
    manifest.map(({ id, routing, version, deletes }) => ({ id, routing, version, deletes })),
    [
      { id: "é", routing: "ü", version: "7", deletes: false },
      { id: "2", routing: undefined, version: "7", deletes: true },
    ],
  );
  assert.equal(
    manifest.reduce((sum, { bytes }) => sum + bytes, 0),
    body.length,
  );
});

test("linesOf() gives each operation's lines, which together are the body", () => {
  const made = bulkLines(uuid, [operation("1", '{"a":1}'), operation("2", undefined), operation("3", "{}")]);
  const lines = linesOf(made);
  assert.ok(lines);
  assert.deepEqual(Buffer.concat(lines.map(bytesOf)), made.body);
  assert.equal(lines[1] && bytesOf(lines[1]).toString().startsWith('{"delete":'), true);
});

test("linesOf() refuses a body that is not the one that the manifest describes", () => {
  const { manifest, body } = bulkLines(uuid, [operation("1", '{"a":1}'), operation("2", undefined)]);
  assert.equal(linesOf({ manifest, body: body.subarray(0, -1) }), undefined);
  assert.equal(linesOf({ manifest, body: Buffer.concat([body, Buffer.from("\n")]) }), undefined);
  assert.equal(linesOf({ manifest: manifest.slice(1), body }), undefined);
  assert.equal(linesOf({ manifest, body: Buffer.alloc(0) }), undefined);
});

test("bulkLines() of nothing is nothing", () => {
  assert.deepEqual(bulkLines(uuid, []), { manifest: [], body: Buffer.alloc(0) });
});

test("bulkLines() has room for what takes most bytes as JSON, as id and as routing", () => {
  const texts = [
    "\u0000".repeat(500),
    "\ud800".repeat(80),
    "漢".repeat(160),
    '\\"'.repeat(200),
    "",
    "😀".repeat(120),
  ];
  const operations = texts.flatMap((id) =>
    texts.flatMap((routing) => [
      operation(id, "{}", { routing, version: "4611686018427387903" }),
      operation(id, undefined, { routing, version: "4611686018427387903" }),
    ]),
  );
  const { body, manifest } = bulkLines(uuid, operations);
  const lines = linesOf({ body, manifest });
  assert.equal(lines?.length, operations.length);
  for (const [i, slice] of (lines ?? []).entries()) {
    const [action = ""] = bytesOf(slice).toString("utf8").split("\n");
    const { index, delete: deletes } = JSON.parse(action);
    const { _id, routing } = index ?? deletes;
    assert.deepEqual({ id: _id, routing }, { id: operations[i]?.id, routing: operations[i]?.routing });
  }
});
