import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { readStoredDocuments } from "../../functions/core/truth/stored-documents.ts";
import { clusterError, fakeCluster, noAnswer, textOf } from "../support/fake-cluster.ts";

const key = (id: string, routing?: string) => ({ index: "books", id, routing });
const primaryWith = (body: unknown) => fakeCluster("primary", () => ({ body }));

function found(id: string, source: string, more = "") {
  return `{"_index":"books","_id":${JSON.stringify(id)},"_version":3,"_seq_no":9007199254740993,"_primary_term":2,${more}"found":true,"_source":${source}}`;
}

const sources = [
  '{"n":9007199254740993,"n":12345678901234567890123,"d":1.10,"e":1E400,"z":-0.0}',
  '{"a":1,"a":2,"a":{"a":[]}}',
  '{"s":"\\u0041\\/é漢😀","\\u0061":"\\ud83d"}',
  '{"_source":{"found":false},"_id":"x","error":{"type":"index_not_found_exception"},"docs":[1]}',
  "{}",
  '{ "spaced" : [ 1 , 2 ] }',
];

for (const source of sources) {
  test(`readStoredDocuments() cuts the bytes of ${source.slice(0, 40)} out of the answer`, async () => {
    const primary = primaryWith(`{"docs":[${found("1", source)},${found("2", "{}")}]}`);
    const [first, second] = await readStoredDocuments(primary, [key("1"), key("2")], { withSource: true });
    assert.ok(first?.kind === "found" && second?.kind === "found");
    assert.equal(first.source?.toString(), source);
    assert.equal(second.source?.toString(), "{}");
  });
}

test("readStoredDocuments() gives numbers as digits, beyond 2^53 too", async () => {
  const body = `{"docs":[${found("é\n", "{}", '"_routing":"r\\u0041",').replace('"_version":3', '"_version":4611686018427387903')}]}`;
  const [document] = await readStoredDocuments(primaryWith(body), [key("é\n")], { withSource: true });
  assert.deepEqual(document, {
    kind: "found",
    index: "books",
    id: "é\n",
    routing: "rA",
    version: "4611686018427387903",
    seqNo: "9007199254740993",
    primaryTerm: "2",
    source: Buffer.from("{}"),
  });
});

test("readStoredDocuments() puts a document of several lines on one, as a bulk needs it", async () => {
  const primary = primaryWith(`{"docs":[${found("1", '{\n "a": 1,\r\n "s": "\\n"\n}')}]}`);
  const [document] = await readStoredDocuments(primary, [key("1")], { withSource: true });
  assert.ok(document?.kind === "found");
  assert.equal(document.source?.toString(), '{  "a": 1,   "s": "\\n" }');
});

test("readStoredDocuments() tells missing, no index, unreadable and found without a source apart", async () => {
  const docs = [
    { _index: "books-1", _id: "1", found: false },
    { _index: "gone", _id: "2", error: { type: "index_not_found_exception", reason: "no such index" } },
    { _index: "books", _id: "3", error: { type: "no_shard_available_action_exception", reason: "x" } },
    { _index: "books", _id: "4", _version: 1, _seq_no: 0, _primary_term: 1, found: true },
  ];
  const keys = docs.map(({ _id }) => key(_id));
  const read = await readStoredDocuments(primaryWith({ docs }), keys, { withSource: false });
  assert.deepEqual(read.slice(0, 2), [{ kind: "missing", index: "books-1" }, { kind: "no-index" }]);
  assert.equal(read[2]?.kind, "unreadable");
  assert.ok(read[3]?.kind === "found");
  assert.equal(read[3].source, undefined);
});

test("readStoredDocuments() takes a document without a sequence number for unreadable: no version guards it", async () => {
  for (const numbers of [{}, { _seq_no: 0 }, { _primary_term: 1 }]) {
    const docs = [{ _index: "books", _id: "1", _version: 1, ...numbers, found: true, _source: {} }];
    const [document] = await readStoredDocuments(primaryWith({ docs }), [key("1")], { withSource: true });
    assert.equal(document?.kind, "unreadable", JSON.stringify(numbers));
  }
});

test("readStoredDocuments() asks in real time, with the routing, 500 keys at a time, in the keys' order", async () => {
  const primary = fakeCluster("primary", (request) => {
    const { docs } = JSON.parse(textOf(request));
    return { body: { docs: docs.map((doc: object) => ({ ...doc, found: false })) } };
  });
  const keys = Array.from({ length: 1001 }, (_, i) => ({
    index: `i${i}`,
    id: "1",
    routing: i === 0 ? "r" : undefined,
  }));
  const read = await readStoredDocuments(primary, keys, { withSource: false });
  assert.deepEqual(
    read.map((document) => document.kind === "missing" && document.index),
    keys.map(({ index }) => index),
  );
  assert.equal(primary.requests.length, 3);
  assert.equal(primary.requests[0]?.query, "realtime=true&_source=false");
  assert.deepEqual(JSON.parse(textOf(primary.requests[0])).docs.slice(0, 2), [
    { _index: "i0", _id: "1", routing: "r" },
    { _index: "i1", _id: "1" },
  ]);
});

test("readStoredDocuments() of no keys asks nobody", async () => {
  const primary = primaryWith("");
  assert.deepEqual(await readStoredDocuments(primary, [], { withSource: true }), []);
  assert.equal(primary.requests.length, 0);
});

test("readStoredDocuments() throws for an answer that is cut, not about these keys, or an error", async () => {
  const read = (cluster: ReturnType<typeof primaryWith>) =>
    readStoredDocuments(cluster, [key("1"), key("2")], { withSource: true });
  await assert.rejects(read(primaryWith(`{"docs":[${found("1", "{}")},{"_id"`)), ClusterError);
  await assert.rejects(read(primaryWith(`{"docs":[${found("1", "{}")}]}`)), ClusterError);
  await assert.rejects(read(primaryWith("{}")), ClusterError);
  await assert.rejects(read(primaryWith("<html>")), ClusterError);
  await assert.rejects(read(fakeCluster("primary", () => clusterError(503, "x"))), ClusterAnswerError);
  await assert.rejects(read(fakeCluster("primary", noAnswer("primary", "timeout"))), ClusterError);
});
