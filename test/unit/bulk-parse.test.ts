import assert from "node:assert/strict";
import { test } from "node:test";
import type { BulkDefaults, Operation } from "../../functions/core/bulk/operation.ts";
import { parseBulk } from "../../functions/core/bulk/parse-bulk.ts";
import { pick, randomJson, seeded } from "./json-random.ts";

function parse(body: string | Buffer, defaults: BulkDefaults = {}): readonly Operation[] {
  const parsed = parseBulk(Buffer.from(body), defaults);
  assert.equal(parsed.kind, "ok", JSON.stringify(parsed));
  return parsed.kind === "ok" ? parsed.operations : [];
}

function only(body: string, defaults: BulkDefaults = {}): Operation {
  const [operation, ...others] = parse(body, defaults);
  assert.equal(others.length, 0);
  assert.ok(operation);
  return operation;
}

function refusal(body: string): string {
  const parsed = parseBulk(Buffer.from(body), {});
  return parsed.kind === "bad" ? `${parsed.status} ${parsed.type}: ${parsed.reason}` : "accepted";
}

test("parseBulk() gives ranges that, with what is between them, are the body again", () => {
  const random = seeded(1);
  for (let round = 0; round < 300; round += 1) {
    const pieces: string[] = [];
    let skipped = "";
    const expected: { action: string; id: string; document: string | undefined }[] = [];
    for (let count = 1 + Math.floor(random() * 8); count > 0; count -= 1) {
      const newline = pick(random, ["\n", "\r\n"]);
      const blank = pick(random, ["", "", newline, `  ${newline}`]);
      const action = pick(random, ["index", "create", "update", "delete"]);
      const id = pick(random, ["a", 'q"\\', "é漢", "__proto__", "{}"]);
      const line = pick(random, ["", " "]) + JSON.stringify({ [action]: { _id: id, _index: "i" } });
      const document = action === "delete" ? undefined : JSON.stringify(randomJson(random, 3));
      pieces.push(blank, line + newline, document === undefined ? "" : document + newline);
      skipped += blank + newline + (document === undefined ? "" : newline);
      expected.push({ action, id, document });
    }
    const body = Buffer.from(pieces.join(""));
    const operations = parse(body);
    const read = operations.map(({ action, id, document }) => ({
      action,
      id,
      document: document && body.toString("utf8", document.start, document.end),
    }));
    assert.deepEqual(read, expected);
    let gaps = "";
    let from = 0;
    for (const { line, document } of operations) {
      for (const range of document === undefined ? [line] : [line, document]) {
        gaps += body.toString("utf8", from, range.start);
        from = range.end;
      }
    }
    assert.equal(gaps + body.toString("utf8", from), skipped);
  }
});

test("parseBulk() never looks into the document of an index or create", () => {
  const body = '{"index":{"_id":"1"}}\nnot { json\n{"create":{"_id":"2"}}\n\n{"delete":{"_id":"3"}}\n';
  assert.deepEqual(
    parse(body).map(({ id, document }) => [id, document && body.slice(document.start, document.end)]),
    [
      ["1", "not { json"],
      ["2", ""],
      ["3", undefined],
    ],
  );
});

test("parseBulk() takes the defaults where the line says nothing", () => {
  const defaults = { index: "d", type: "t", routing: "r", pipeline: "p", requireAlias: true };
  const [plain, own] = parse(
    '{"delete":{"_id":"1"}}\n{"delete":{"_id":"1","_index":"i","_type":"u","routing":5,"pipeline":"_none","require_alias":false}}\n',
    defaults,
  );
  const pick5 = (operation: Operation | undefined) =>
    operation && [
      operation.index,
      operation.type,
      operation.routing,
      operation.pipeline,
      operation.requireAlias,
    ];
  assert.deepEqual(pick5(plain), ["d", "t", "r", "p", true]);
  assert.deepEqual(pick5(own), ["i", "u", "5", "_none", false]);
});

test("parseBulk() takes ids as Elasticsearch does", () => {
  for (const [written, id] of [
    ["12345678901234567890", "12345678901234567890"],
    ["1.50", "1.50"],
    ["true", "true"],
    ["null", undefined],
    ['""', ""],
    ['"\\u0041\\n"', "A\n"],
    ['"__proto__"', "__proto__"],
  ] as const) {
    const operation = only(`{"index":{"_id":${written}}}\n{}\n`);
    assert.equal(operation.id, id);
    assert.equal(operation.awaitsId, id === undefined);
  }
});

test("parseBulk() keeps an external version's digits", () => {
  const version = (members: string) => only(`{"index":{"_id":"1",${members}}}\n{}\n`).externalVersion;
  const exact = { type: "external_gte", version: "9007199254740993" };
  assert.deepEqual(version('"version":9007199254740993,"version_type":"external_gte"'), exact);
  assert.deepEqual(version('"version_type":"external_gte","version":"9007199254740993"'), exact);
  assert.deepEqual(version('"_version":7,"_version_type":"external"'), { type: "external", version: "7" });
  assert.equal(version('"version":7'), undefined);
  assert.equal(version('"version":7,"version_type":"internal"'), undefined);
});

test("parseBulk() leaves an id to PRIMARY where any id would change the answer", () => {
  for (const members of [
    '"version":1,"version_type":"external"',
    '"version":1',
    '"if_seq_no":1',
    '"_id":""',
  ]) {
    assert.equal(only(`{"index":{${members}}}\n{}\n`).awaitsId, false, members);
  }
  assert.equal(only('{"update":{}}\n{}\n').awaitsId, false);
  assert.equal(only('{"create":{}}\n{}\n').awaitsId, true);
});

test("parseBulk() reads the old spellings, op_type and parent", () => {
  assert.equal(only('{"index":{"_id":"1","_routing":"r"}}\n{}\n').routing, "r");
  assert.equal(only('{"index":{"_id":"1","parent":"p"}}\n{}\n').routing, "p");
  assert.equal(only('{"index":{"_id":"1","parent":"p","routing":"r"}}\n{}\n').routing, "r");
  assert.equal(only('{"index":{"_id":"1","op_type":"create"}}\n{}\n').action, "create");
  assert.equal(only('{"create":{"_id":"1","op_type":"index"}}\n{}\n').action, "create");
  assert.equal(only('{"update":{"_id":"1","op_type":"create"}}\n{}\n').action, "update");
});

test("parseBulk() accepts escapes, comments, a byte order mark and unknown parameters in action lines", () => {
  assert.equal(only('\ufeff{"ind\\u0065x":{/* c */"\\u005fid":"1"}}\n{}\n').id, "1");
  assert.equal(
    only('{"index":{"_id":"1","frob":[{"_id":"2"}],"dynamic_templates":{"a":"b"}}}\n{}\n').id,
    "1",
  );
});

test("parseBulk() goes by the first action of a line, as Elasticsearch 5 to 8 do", () => {
  const operation = only('{"index":{"_id":"1"},"delete":{"_id":"2"}} rest\n{}\n');
  assert.deepEqual([operation.action, operation.id], ["index", "1"]);
  assert.equal(only('{"index":{"_id":"1"}\n{}\n').id, "1");
});

test("parseBulk() resolves an update's wanted source: line over query over body", () => {
  const wanted = (line: string, query: BulkDefaults["source"], body: string) =>
    only(`{"update":{"_id":"1"${line}}}\n{"doc":{"_source":false}${body}}\n`, { source: query }).source;
  const names = (...includes: string[]) => ({ kind: "some", includes, excludes: [] }) as const;
  assert.equal(wanted("", undefined, ""), undefined);
  assert.deepEqual(wanted("", undefined, ',"_source":["a","b"]'), names("a", "b"));
  assert.deepEqual(wanted("", names("q"), ',"_source":["a"]'), names("q"));
  assert.deepEqual(wanted(',"_source":"l"', names("q"), ',"_source":["a"]'), names("l"));
  assert.deepEqual(wanted(',"_source":false', names("q"), ""), { kind: "none" });
  assert.deepEqual(wanted(',"_source":null', names("q"), ""), names("q"));
  const lists = { kind: "some", includes: ["a"], excludes: ["a.b", "c"] };
  assert.deepEqual(wanted(',"_source":{"includes":"a","excludes":["a.b","c"]}', undefined, ""), lists);
  assert.equal(only('{"update":{"_id":"1"}}\n{"_source":\n').source, undefined);
  assert.equal(only('{"index":{"_id":"1","_source":true}}\n{}\n').source, undefined);
});

const MALFORMED = "400 illegal_argument_exception: Malformed action/metadata line";
const INVALID = "400 action_request_validation_exception: Validation Failed:";
const NOT_JSON = "400 x_content_parse_exception:";

test("parseBulk() refuses with Elasticsearch 8's words", () => {
  for (const [body, expected] of [
    ["", "400 parse_exception: request body is required"],
    ["\n \r\n", `${INVALID} 1: no requests added;`],
    ["[]\n{}\n", `${MALFORMED} [1], expected START_OBJECT but found [START_ARRAY]`],
    ['"x"\n{}\n', `${MALFORMED} [1], expected START_OBJECT but found [VALUE_STRING]`],
    ["{}\n{}\n", `${MALFORMED} [1], expected FIELD_NAME but found [END_OBJECT]`],
    ['\n{"index":1}\n{}\n', `${MALFORMED} [2], expected START_OBJECT or END_OBJECT but found [VALUE_NUMBER]`],
    ['{"index":null}\n{}\n', `${MALFORMED} [1], expected START_OBJECT or END_OBJECT but found [VALUE_NULL]`],
    [
      '{"delete":{"_id":"1"}}\n{"frob":{}}\n{}\n',
      `${MALFORMED} [2], expected field [create], [delete], [index] or [update] but found [frob]`,
    ],
    [
      '{"__proto__":{}}\n{}\n',
      `${MALFORMED} [1], expected field [create], [delete], [index] or [update] but found [__proto__]`,
    ],
    [
      '{"index":{"_id":[1]}}\n{}\n',
      `${MALFORMED} [1], expected a simple value for field [_id] but found [START_ARRAY]`,
    ],
    [
      '{"update":{"_id":"1","_source":["a"]}}\n{"doc":{}}\n',
      `${MALFORMED} [1], expected a simple value for field [_source] but found [START_ARRAY]`,
    ],
  ] as const) {
    assert.equal(refusal(body), expected, body);
  }
});

test("parseBulk() refuses a missing final newline, on an action line and on a document", () => {
  const expected = "400 illegal_argument_exception: The bulk request must be terminated by a newline [\\n]";
  assert.equal(refusal('{"delete":{"_id":"1"}}'), expected);
  assert.equal(refusal('{"index":{"_id":"1"}}\n{"a":1}'), expected);
});

test("parseBulk() refuses an action without its document line", () => {
  assert.match(
    refusal('{"index":{"_id":"1"}}\n{}\n{"index":{"_id":"2"}}\n'),
    /line \[3\], expected a document/,
  );
});

test("parseBulk() refuses action lines that are not JSON, and does not echo them", () => {
  for (const line of [
    "secret",
    '{"index":',
    '{"index',
    '{"index":{"_id":"secret"',
    '{"index":{"_id":secret}}',
    '{"index":{"_id":01}}',
    '{"index":{"_id":NaN}}',
    '{"index":{"_id":"secret",}}',
    '{"index":{"_id":"secret" "x":1}}',
    '{"index":{"_id":"\\q"}}',
    "{1:{}}",
  ]) {
    const reason = refusal(`${line}\n{"a":"}"}\n`);
    assert.ok(reason.startsWith(NOT_JSON), `${line} ${reason}`);
    assert.ok(!reason.includes("secret"));
  }
});

test("parseBulk() refuses an action that goes on over the end of its line", () => {
  for (const body of [
    '{"index":{"_id":"1"\n,"a":1}}\n{}\n',
    '{"index":\n{"_id":"1"}}\n',
    '{"index":{"_id":"\n"}}\n{}\n',
  ]) {
    assert.ok(refusal(body).startsWith(NOT_JSON), body);
  }
});

test("parseBulk() refuses index and create with ids over 512 bytes, all in one answer", () => {
  const long = "é".repeat(300);
  const body = `{"index":{"_id":"${long}"}}\n{}\n{"delete":{"_id":"${long}"}}\n{"create":{"_id":"${"x".repeat(513)}"}}\n{}\n`;
  const reason = (id: string, bytes: number) =>
    `id [${id}] is too long, must be no longer than 512 bytes but was: ${bytes}`;
  assert.equal(refusal(body), `${INVALID} 1: ${reason(long, 600)};2: ${reason("x".repeat(513), 513)};`);
  assert.equal(only(`{"index":{"_id":"${"x".repeat(512)}"}}\n{}\n`).id?.length, 512);
});

test("parseBulk() does not read a number as the index that the line before named", () => {
  const parsed = parseBulk(Buffer.from('{"index":{"_index":"23"}}\n{}\n{"index":{"_index":1234}}\n{}\n'), {});
  assert.ok(parsed.kind === "ok");
  assert.deepEqual(
    parsed.operations.map(({ index }) => index),
    ["23", "1234"],
  );
});
