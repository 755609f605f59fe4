import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonScanError } from "../../functions/core/bulk/json-scan.ts";
import { oneLine } from "../../functions/core/bulk/one-line.ts";
import type { Operation } from "../../functions/core/bulk/operation.ts";
import { parseBulk } from "../../functions/core/bulk/parse-bulk.ts";
import { askForSource, rewriteBulk } from "../../functions/core/bulk/rewrite-bulk.ts";
import { pick, seeded } from "./json-random.ts";

function operationsOf(body: Buffer): readonly Operation[] {
  const parsed = parseBulk(body, {});
  assert.equal(parsed.kind, "ok", JSON.stringify(parsed));
  return parsed.kind === "ok" ? parsed.operations : [];
}

function rewrite(text: string): { text: string; operations: readonly Operation[] } {
  const body = Buffer.from(text);
  let made = 0;
  const { body: rewritten, operations } = rewriteBulk(body, operationsOf(body), {
    newId: () => {
      made += 1;
      return `new-${made}`;
    },
  });
  return { text: rewritten.toString(), operations };
}

test("rewriteBulk() gives ids to index and create without one", () => {
  for (const [line, expected] of [
    ['{"index":{}}', '{"index":{"_id":"new-1"}}'],
    [' { "create" : { "_index":"i" } } ', ' { "create" : { "_index":"i" ,"_id":"new-1"} } '],
    ['{"index":{"_id":null,"_index":"i"}}', '{"index":{"_id":"new-1","_index":"i"}}'],
  ] as const) {
    const { text, operations } = rewrite(`${line}\r\n{"a":1}\n`);
    assert.equal(text, `${expected}\r\n{"a":1}\n`);
    assert.deepEqual([operations[0]?.id, operations[0]?.awaitsId], ["new-1", false]);
  }
});

test("rewriteBulk() makes every update ask for its document, once", () => {
  for (const [line, expected] of [
    ['{"update":{"_id":"1"}}', '{"update":{"_id":"1","_source":true}}'],
    ['{"update":{}}', '{"update":{"_source":true}}'],
    ['{"update":{"_id":"1","_source":"a" }}', '{"update":{"_id":"1","_source":true }}'],
    ['{"update":{"_source":{"includes":["a"]},"_id":"1"}}', '{"update":{"_source":true,"_id":"1"}}'],
    ['{"update":{"_id":"1","\\u005fsource":false}}', '{"update":{"_id":"1","\\u005fsource":true}}'],
  ] as const) {
    assert.equal(rewrite(`${line}\n{"doc":{}}\n`).text, `${expected}\n{"doc":{}}\n`);
  }
});

test("rewriteBulk() returns the same buffer and operations when nothing changes", () => {
  const body = Buffer.from(
    '{"index":{"_id":"1"}}\n{}\n{"delete":{"_id":"2"}}\n{"index":{"version":1,"version_type":"external"}}\n{}\n',
  );
  const operations = operationsOf(body);
  const newId = () => assert.fail("no id is needed");
  const rewritten = rewriteBulk(body, operations, { newId });
  assert.equal(rewritten.body, body);
  assert.deepEqual(rewritten.operations, operations);
});

test("rewriteBulk() gives the ranges that parsing its result gives", () => {
  const random = seeded(3);
  const lines = [
    '{"index":{}}\n{"é":1}\n',
    '{"index":{"_id":"1"}}\r\n{"a":"漢"}\r\n',
    '\n{"create":{"_index":"i","_id":null}}\n{}\n',
    '{"update":{"_id":"1","_source":{"excludes":["a","b"]}}}\n{"doc":{}}\n',
    '{"update":{"_id":"1"}}\n{"doc":{}}\n',
    '{"delete":{"_id":"1"}}\n',
  ] as const;
  for (let round = 0; round < 200; round += 1) {
    const text = Array.from({ length: 1 + Math.floor(random() * 9) }, () => pick(random, lines)).join("");
    const rewritten = rewrite(text);
    const place = ({ action, id, line, document }: Operation) => ({ action, id, line, document });
    assert.deepEqual(rewritten.operations.map(place), operationsOf(Buffer.from(rewritten.text)).map(place));
    const documents = (source: string) =>
      source.split(/\r?\n/).filter((one) => /^\{("é|"a|"doc|\})/.test(one));
    assert.deepEqual(documents(rewritten.text), documents(text));
  }
});

test("askForSource() puts _source: true into a single update's body", () => {
  const ask = (text: string) => askForSource(Buffer.from(text)).toString();
  assert.equal(ask('{"doc":{"_source":1}}'), '{"doc":{"_source":1},"_source":true}');
  assert.equal(ask(' { "_source" : ["a"] , "doc":{} }'), ' { "_source" : true , "doc":{} }');
  assert.equal(ask("[1]"), "[1]");
});

test("oneLine() turns newlines and comments into spaces and leaves strings alone", () => {
  const flat = (text: string) => oneLine(Buffer.from(text)).toString();
  assert.equal(
    flat('{\r\n  "a" : "x\\n // y /* z */",\n"b":1\n}'),
    '{    "a" : "x\\n // y /* z */", "b":1 }',
  );
  assert.equal(flat('{ // one "\n"a": /* two\n" */ 1}'), `{${" ".repeat(10)}"a": ${" ".repeat(12)}1}`);
  assert.deepEqual(JSON.parse(flat('// first\n{"a": /* x\n*/ "//"}\n// last')), { a: "//" });
});

test("oneLine() returns the same buffer when it is one line already", () => {
  const body = Buffer.from('{"a":"b // c"} /* d */');
  assert.equal(oneLine(body), body);
});

test("oneLine() throws JsonScanError for a newline in a string and for what does not end", () => {
  for (const text of ['{"a":"x\ny"}', '{\n"a":"x', "{\n/* x"]) {
    assert.throws(() => oneLine(Buffer.from(text)), JsonScanError, text);
  }
});
