import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../../functions/core/bulk/operation.ts";
import type { Outcome } from "../../functions/core/bulk/outcome.ts";
import { parseBulk } from "../../functions/core/bulk/parse-bulk.ts";
import { readBulkAnswer, readDocumentAnswer } from "../../functions/core/bulk/read-answer.ts";
import { restoreBulkAnswer, restoreDocumentAnswer } from "../../functions/core/bulk/restore-answer.ts";
import { filterSource } from "../../functions/core/bulk/source-filter.ts";
import { wantedByUpdate, wantedInQuery } from "../../functions/core/bulk/wanted-source.ts";

function operations(...lines: string[]): readonly Operation[] {
  const body = lines.map((line) => `${line}\n${line.startsWith('{"delete"') ? "" : '{"doc":{}}\n'}`).join("");
  const parsed = parseBulk(Buffer.from(body), { index: "i" });
  assert.equal(parsed.kind, "ok", JSON.stringify(parsed));
  return parsed.kind === "ok" ? parsed.operations : [];
}

const DELETE = '{"delete":{"_id":"1"}}';
const UPDATE = '{"update":{"_id":"1"}}';

/** What one item means, whatever the layout of the answer; a source as text. */
function outcomeOf(item: string): unknown {
  const results = [
    `{"took":1,"errors":false,"items":[${item}]}`,
    `{ "items" : [ ${item} ] ,\n"took":1}\n`,
  ].map((text) => {
    const answer = Buffer.from(text);
    const read = readBulkAnswer(answer, operations(UPDATE));
    assert.equal(read.kind, "ok", JSON.stringify(read));
    const [outcome] = read.kind === "ok" ? read.outcomes : [];
    return outcome && withText(answer, outcome);
  });
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

function withText(answer: Buffer, outcome: Outcome): unknown {
  if (outcome.kind !== "written" || outcome.source === undefined) return outcome;
  return { ...outcome, source: answer.toString("utf8", outcome.source.start, outcome.source.end) };
}

const PLACE = '"_index":"i","_type":"_doc","_id":"1","_version":7,"_seq_no":12,"_primary_term":3';
const WRITTEN = {
  kind: "written",
  result: "index",
  index: "i",
  id: "1",
  seqNo: "12",
  primaryTerm: "3",
  source: undefined,
};

test("readBulkAnswer() reads writes, whatever the item's key", () => {
  assert.deepEqual(outcomeOf(`{"index":{${PLACE},"result":"created","status":201}}`), WRITTEN);
  assert.deepEqual(outcomeOf(`{"create":{${PLACE},"result":"updated","status":200}}`), WRITTEN);
  const gone = { ...WRITTEN, result: "delete" };
  assert.deepEqual(outcomeOf(`{"delete":{${PLACE},"result":"deleted","status":200}}`), gone);
  assert.deepEqual(outcomeOf(`{"delete":{${PLACE},"result":"not_found","status":404}}`), gone);
  assert.deepEqual(outcomeOf(`{"update":{${PLACE},"result":"deleted","status":200}}`), gone);
});

test("readBulkAnswer() cuts out an update's document as bytes", () => {
  const source = '{ "n" : 9007199254740993, "n":1.50, "get":{"_source":1}}';
  const get = `"get":{"_seq_no":12,"_primary_term":3,"found":true,"_source":${source}}`;
  const item = `{"update":{${PLACE},"result":"updated",${get},"status":200}}`;
  assert.deepEqual(outcomeOf(item), { ...WRITTEN, source });
});

test("readBulkAnswer() does not take members of the document for the item's", () => {
  const get = '"get":{"_source":{"error":1,"result":"noop","_id":"x"}}';
  const outcome = outcomeOf(`{"update":{${get},${PLACE},"result":"updated","status":200}}`);
  assert.deepEqual(outcome, { ...WRITTEN, source: '{"error":1,"result":"noop","_id":"x"}' });
});

test("readBulkAnswer() tells noops, rejections and unsequenced writes apart", () => {
  assert.deepEqual(outcomeOf(`{"update":{${PLACE},"result":"noop","status":200}}`), { kind: "noop" });
  const error = '"status":404,"error":{"type":"document_missing_exception","reason":"x"}';
  const missing = { kind: "rejected", status: 404, type: "document_missing_exception" };
  assert.deepEqual(outcomeOf(`{"update":{"_index":"i","_id":"1",${error}}}`), missing);
  assert.deepEqual(outcomeOf('{"index":{"error":"text","status":400}}'), {
    kind: "rejected",
    status: 400,
    type: "unknown",
  });
  const unsequenced = { kind: "unsequenced", result: "index", index: "i", id: "1" };
  assert.deepEqual(
    outcomeOf('{"index":{"_index":"i","_id":"1","result":"created","status":201}}'),
    unsequenced,
  );
  const unassigned = '"_seq_no":-2,"_primary_term":0,"result":"created"';
  assert.deepEqual(outcomeOf(`{"index":{"_index":"i","_id":"1",${unassigned}}}`), unsequenced);
});

test("readBulkAnswer() calls an item without a known result unreadable", () => {
  assert.deepEqual(outcomeOf(`{"index":{${PLACE},"status":201}}`), { kind: "unreadable" });
  assert.deepEqual(outcomeOf(`{"index":{${PLACE},"result":"frobbed"}}`), { kind: "unreadable" });
  assert.deepEqual(outcomeOf('{"index":{"result":"created"}}'), { kind: "unreadable" });
  assert.deepEqual(outcomeOf('{"index":{}}'), { kind: "unreadable" });
});

test("readBulkAnswer() takes index and id from the answer, sequence numbers digit by digit", () => {
  const members =
    '"_index":"é","_id":"a\\"b","_version":9223372036854775807,"_seq_no":1099511627775,"_primary_term":16383';
  assert.deepEqual(outcomeOf(`{"index":{${members},"result":"created"}}`), {
    ...WRITTEN,
    index: "é",
    id: 'a"b',
    seqNo: "1099511627775",
    primaryTerm: "16383",
  });
});

test("readBulkAnswer() does not carry members over from one item to the next", () => {
  const answer = `{"items":[{"index":{${PLACE},"result":"created"}},{"index":{"_index":"j","_id":"2","result":"created"}}]}`;
  const read = readBulkAnswer(Buffer.from(answer), operations(DELETE, DELETE));
  assert.deepEqual(read.kind === "ok" && read.outcomes[1], {
    kind: "unsequenced",
    result: "index",
    index: "j",
    id: "2",
  });
});

test("readBulkAnswer() refuses to pair a different number of items", () => {
  const item = `{"index":{${PLACE},"result":"created"}}`;
  for (const items of [[], [item], [item, item, item]]) {
    const read = readBulkAnswer(Buffer.from(`{"items":[${items}]}`), operations(DELETE, DELETE));
    assert.deepEqual(read, { kind: "mismatch", items: items.length, operations: 2 });
  }
});

test("readBulkAnswer() calls every truncation, errors and other bytes unreadable", () => {
  const answer = Buffer.from(`{"took":1,"items":[{"index":{${PLACE},"result":"created"}}]}`);
  for (let length = 0; length < answer.length; length += 1) {
    assert.equal(readBulkAnswer(answer.subarray(0, length), operations(DELETE)).kind, "unreadable");
  }
  for (const text of [
    '{"error":{"type":"x"},"status":400}',
    "<html>",
    "[]",
    '{"items":{}}',
    '{"items":[1]}',
  ]) {
    assert.equal(readBulkAnswer(Buffer.from(text), operations(DELETE)).kind, "unreadable", text);
  }
});

test("readDocumentAnswer() reads single answers and errors", () => {
  assert.deepEqual(readDocumentAnswer(Buffer.from(`{\n ${PLACE},"result":"updated"\n}\n`)), WRITTEN);
  const conflict = '{"error":{"root_cause":[],"type":"version_conflict_engine_exception"},"status":409}';
  assert.deepEqual(readDocumentAnswer(Buffer.from(conflict)), {
    kind: "rejected",
    status: 409,
    type: "version_conflict_engine_exception",
  });
  assert.deepEqual(readDocumentAnswer(Buffer.from('{"_index":')), { kind: "unreadable" });
});

const SOURCE = '{"a":{"b":1,"c":2.50},"d":"\\u00e9"}';
const GOT = `"get":{"_seq_no":12,"_primary_term":3,"found":true,"_source":${SOURCE}}`;

function restored(line: string, item: string): string {
  const answer = `{"took":1,"errors":false,"items":[{"update":{${item}}}]}`;
  const result = restoreBulkAnswer(Buffer.from(answer), operations(line)).toString();
  const [, inner] = /^\{"took":1,"errors":false,"items":\[\{"update":\{(.*)\}\}\]\}$/.exec(result) ?? [];
  return inner ?? result;
}

test("restoreBulkAnswer() takes `get` back where nobody asked for it, and nothing else", () => {
  assert.equal(restored(UPDATE, `${PLACE},${GOT},"status":200`), `${PLACE},"status":200`);
  assert.equal(restored(UPDATE, `${PLACE} , ${GOT} }`.slice(0, -2)), PLACE);
  assert.equal(restored(UPDATE, `${GOT}, "status":200`), '"status":200');
  assert.equal(restored(UPDATE, GOT), "");
  assert.equal(restored('{"update":{"_id":"1","_source":false}}', `${GOT},"status":200`), '"status":200');
  assert.equal(restored(UPDATE, '"status":404,"error":{"get":1}'), '"status":404,"error":{"get":1}');
});

test("restoreBulkAnswer() filters the document for whom a part was asked", () => {
  const line = '{"update":{"_id":"1","_source":{"includes":["a"],"excludes":["*.b"]}}}';
  assert.equal(
    restored(line, `${PLACE},${GOT},"status":200`),
    `${PLACE},${GOT.replace(SOURCE, '{"a":{"c":2.50}}')},"status":200`,
  );
});

test("restoreBulkAnswer() returns the same buffer where everything was asked for, or nothing forced", () => {
  const answer = Buffer.from(`{"items":[{"update":{${GOT}}}]}`);
  assert.equal(restoreBulkAnswer(answer, operations('{"update":{"_id":"1","_source":true}}')), answer);
  assert.equal(restoreBulkAnswer(answer, operations(DELETE)), answer);
  const cut = answer.subarray(0, 30);
  assert.equal(restoreBulkAnswer(cut, operations(UPDATE)), cut);
});

test("restoreBulkAnswer() keeps the fields that 5.x returns in `get`", () => {
  const get = `"get":{"found":true,"_source":${SOURCE},"fields":{"a":[1]}}`;
  assert.equal(restored(UPDATE, get), '"get":{"found":true,"fields":{"a":[1]}}');
});

test("restoreBulkAnswer() keeps the `get` of an upsert whose script did nothing", () => {
  const item = `${PLACE},"get":{"found":false},"status":200`;
  assert.equal(restored(UPDATE, item), item);
  assert.equal(restoreDocumentAnswer(Buffer.from(`{${item}}`), undefined).toString(), `{${item}}`);
});

test("restoreBulkAnswer() takes the `get` without a document from an update whose script deleted", () => {
  const place = `${PLACE},"result":"deleted"`;
  const item = `${place},"get":{"_seq_no":5,"_primary_term":1,"found":true},"status":200`;
  assert.equal(restored(UPDATE, item), `${place},"status":200`);
  const alone = restoreDocumentAnswer(Buffer.from(`{${item}}`), undefined);
  assert.equal(alone.toString(), `{${place},"status":200}`);
});

test("restoreBulkAnswer() pairs by position and leaves other actions' items alone", () => {
  const index = `{"index":{${PLACE},"get":1}}`;
  const answer = Buffer.from(`{"items":[${index},{"update":{${GOT}}},${index}]}`);
  const result = restoreBulkAnswer(answer, operations(DELETE, UPDATE, DELETE));
  assert.equal(result.toString(), `{"items":[${index},{"update":{}},${index}]}`);
});

test("restoreDocumentAnswer() restores a single update's answer", () => {
  const answer = Buffer.from(`{${PLACE},${GOT}}`);
  assert.equal(restoreDocumentAnswer(answer, undefined).toString(), `{${PLACE}}`);
  assert.equal(restoreDocumentAnswer(answer, { kind: "all" }), answer);
  const part = restoreDocumentAnswer(answer, { kind: "some", includes: ["d"], excludes: [] }).toString();
  assert.equal(part, `{${PLACE},${GOT.replace(SOURCE, '{"d":"\\u00e9"}')}}`);
});

test("wantedInQuery() reads the query's three parameters as Elasticsearch does", () => {
  const wanted = (query: string) => wantedInQuery(new URLSearchParams(query));
  const part = (includes: string[], excludes: string[] = []) => ({ kind: "some", includes, excludes });
  assert.equal(wanted("refresh=true"), undefined);
  assert.deepEqual(wanted("_source=true"), { kind: "all" });
  assert.deepEqual(wanted("_source=false&_source_includes=a"), { kind: "none" });
  assert.deepEqual(wanted("_source=a,b.*"), part(["a", "b.*"]));
  assert.deepEqual(wanted("_source=e&_source_includes=a"), part(["a"]));
  assert.deepEqual(wanted("_source=true&_source_excludes=a.c"), part([], ["a.c"]));
});

test("wantedByUpdate() lets a single update's body win over the query", () => {
  const query = new URLSearchParams("_source=true");
  assert.deepEqual(wantedByUpdate(Buffer.from('{"doc":{},"_source":false}'), query), { kind: "none" });
  assert.deepEqual(wantedByUpdate(Buffer.from('{"doc":{"_source":false}}'), query), { kind: "all" });
});

test("filterSource() answers what Elasticsearch answers", () => {
  const json = Buffer.from('{"a":{"b":1,"c":2},"x":[{"y":1,"z":2},{},3],"foo.bar":1,"e":{},"n":5}');
  const filtered = (includes: string[], excludes: string[]) =>
    filterSource(json, { start: 0, end: json.length }, { includes, excludes }).toString();
  // Observed on 7.10.2 and 8.19.0; 600 random filters agreed as well.
  assert.equal(filtered(["a.b"], []), '{"a":{"b":1}}');
  assert.equal(filtered(["foo"], []), '{"foo.bar":1}');
  assert.equal(filtered(["e", "x.y"], []), '{"x":[{"y":1}],"e":{}}');
  assert.equal(filtered([""], []), "{}");
  assert.equal(filtered([], ["x.y", "a"]), '{"x":[{"z":2},3],"foo.bar":1,"e":{},"n":5}');
  assert.equal(filtered([], ["zzz"]), json.toString());
  assert.equal(filtered([], ["x.q"]), json.toString().replace("{},3", "3"));
});
