import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../../functions/core/bulk/operation.ts";
import { parseBulk } from "../../functions/core/bulk/parse-bulk.ts";
import { readBulkAnswer } from "../../functions/core/bulk/read-answer.ts";
import { type Cell, Template } from "../../functions/core/bulk/template.ts";
import { pick, seeded } from "./json-random.ts";

/** What a template that learnt `{"id":"a","n":1}` finds in the text behind it: the end and the values; -1 for nothing. */
function matched(text: string): unknown {
  const known = '{"id":"a","n":1}';
  const json = Buffer.from(`  ${known}${text}`);
  const [id, n]: [Cell, Cell] = [
    { start: 8, end: 11 },
    { start: 16, end: 17 },
  ];
  const template = new Template(json);
  template.learn(2, 2 + known.length, [n, id]);
  const end = template.match(2 + known.length);
  const found = [id, n].map((cell) => json.toString("utf8", cell.start, cell.end));
  return end === -1 ? -1 : [end - 2 - known.length, ...found];
}

test("match() finds the values of JSON that is like the one that was learnt", () => {
  assert.deepEqual(matched('{"id":"a","n":1}'), [16, '"a"', "1"]);
  assert.deepEqual(matched('{"id":"a longer é","n":9007199254740993},{'), [
    41,
    '"a longer é"',
    "9007199254740993",
  ]);
  assert.deepEqual(matched('{"id":"","n":0}'), [15, '""', "0"]);
});

test("match() leaves to the parser what is written in another way", () => {
  for (const text of [
    "",
    '{"id":"a","n":1',
    '{"id":"a',
    '{"id":"a","n":}',
    '{"id":"a","n":-1}',
    '{"id":"a","n":1.5}',
    '{"id":"a","n":"1"}',
    '{"id":1,"n":1}',
    '{"id":"a\\"b","n":1}',
    '{"id": "a","n":1}',
    '{"ID":"a","n":1}',
    '{"n":1,"id":"a"}',
    '{"id":"a","n":1,"m":2}',
  ]) {
    assert.equal(matched(text), -1, text);
  }
});

test("match() knows nothing before something was learnt", () => {
  assert.equal(new Template(Buffer.from("{}")).match(0), -1);
});

const ids = ["1", "order-17", "", "é 漢", 'quote\\"d', "a\\u0041", "x".repeat(60), "\\\\"] as const;

function randomLine(random: () => number): string {
  const id = pick(random, ids);
  const members = [
    ...(random() < 0.9
      ? [
          pick(random, [
            `"_id":"${id}"`,
            `"_id" : "${id}"`,
            '"_id":7',
            '"_id":null',
            `"_id":"2","_id":"${id}"`,
          ]),
        ]
      : []),
    ...(random() < 0.3 ? [pick(random, ['"_index":"books"', '"_index":"logs-1"', '"_index":12'])] : []),
    ...(random() < 0.3
      ? [
          pick(random, [
            '"routing":"r"',
            '"routing":3',
            '"_routing":"old"',
            '"routing":"a","_routing":"b"',
            '"_routing":"b","routing":"a"',
            '"routing":"a","_routing":null',
          ]),
        ]
      : []),
    ...(random() < 0.1 ? ['"version":9007199254740993,"version_type":"external"'] : []),
    ...(random() < 0.1 ? ['"if_seq_no":1'] : []),
    ...(random() < 0.1 ? ['"pipeline":"p"'] : []),
    ...(random() < 0.1 ? ['"_source":["a"]'] : []),
    ...(random() < 0.1 ? ['"op_type":"create"'] : []),
  ];
  const action = pick(random, ["index", "index", "create", "update", "delete"]);
  return `${random() < 0.1 ? " " : ""}{"${action}":{${members.join(",")}}}${random() < 0.1 ? " " : ""}`;
}

function linesOf(line: string): string {
  return line.includes('"delete"') ? `${line}\n` : `${line}\n{"doc":{"a":1}}\n`;
}

/** Without the places, which differ. */
function said({ line: _, document, ...operation }: Operation): unknown {
  return { ...operation, hasDocument: document !== undefined };
}

test("parseBulk() reads each line of a bulk as it reads the line alone", () => {
  const random = seeded(7);
  let accepted = 0;
  for (let round = 0; round < 400; round++) {
    const lines = Array.from({ length: 1 + Math.floor(random() * 12) }, () => randomLine(random));
    const alone = lines.map((line) => parseBulk(Buffer.from(linesOf(line)), { index: "i" }));
    const together = parseBulk(Buffer.from(lines.map(linesOf).join("")), { index: "i" });
    if (alone.some(({ kind }) => kind === "bad")) {
      assert.equal(together.kind, "bad", lines.join("\n"));
      continue;
    }
    accepted += 1;
    assert.ok(together.kind === "ok", lines.join("\n"));
    const expected = alone.flatMap((one) => (one.kind === "ok" ? one.operations.map(said) : []));
    assert.deepEqual(together.operations.map(said), expected, lines.join("\n"));
  }
  assert.ok(accepted > 200, `only ${accepted} bulks were accepted`);
});

test("parseBulk() refuses a line that would only be like the one before if it went on in the next", () => {
  const body = Buffer.from('{"index":{"_id":"1"}}\n{}\n{"index":{"_id":"2\n"}}\n');
  assert.equal(parseBulk(body, { index: "i" }).kind, "bad");
});

test("parseBulk() takes the last of two spellings in a line that is like the one before, too", () => {
  const line = '{"delete":{"_id":"1","routing":"a","_routing":"b"}}\n';
  const parsed = parseBulk(Buffer.from(line.repeat(3)), { index: "i" });
  assert.ok(parsed.kind === "ok");
  assert.deepEqual(
    parsed.operations.map(({ routing }) => routing),
    ["b", "b", "b"],
  );
});

function randomItem(random: () => number): string {
  const id = pick(random, ids);
  const result = pick(random, ["created", "updated", "deleted", "not_found", "noop", "odd"]);
  const shards = pick(random, [
    '{"total":1,"successful":1,"failed":0}',
    '{"total":2,"successful":1,"failed":0}',
    "{}",
  ]);
  const number = pick(random, ["0", "17", "9007199254740993", "-2", '"3"', "1.5", "null"]);
  const usual = `"_index":"${pick(random, ["books", "logs"])}","_type":"_doc","_id":"${id}","_version":${pick(random, ["1", "2"])},"result":"${result}","_shards":${shards},"_seq_no":${random() < 0.8 ? String(Math.floor(random() * 1e6)) : number},"_primary_term":${pick(random, ["1", "1", "1", "2"])}`;
  const item = pick(random, [
    `{${usual},"status":201}`,
    `{${usual},"status":201}`,
    `{${usual},"status":201}`,
    `{${usual},"get":{"_source":{"a":1}},"status":200}`,
    `{"_index":"books","_id":"${id}","status":409,"error":{"type":"version_conflict_engine_exception","reason":"x"}}`,
    `{ ${usual} , "status" : 201 }`,
    "{}",
  ]);
  return `{"${pick(random, ["index", "create", "delete", "update"])}":${item}}`;
}

test("readBulkAnswer() reads each item of an answer as it reads the item alone", () => {
  const random = seeded(11);
  const operations = (count: number) =>
    Array.from({ length: count }, () =>
      parseBulk(Buffer.from('{"delete":{"_id":"1"}}\n'), { index: "i" }),
    ).flatMap((parsed) => (parsed.kind === "ok" ? parsed.operations : []));
  const outcomesOf = (items: readonly string[]) => {
    const answer = Buffer.from(`{"took":1,"errors":false,"items":[${items.join(",")}]}`);
    const read = readBulkAnswer(answer, operations(items.length));
    assert.ok(read.kind === "ok", JSON.stringify(read));
    return read.outcomes.map((outcome) =>
      outcome.kind === "written" && outcome.source
        ? { ...outcome, source: answer.toString("utf8", outcome.source.start, outcome.source.end) }
        : outcome,
    );
  };
  for (let round = 0; round < 400; round++) {
    const items = Array.from({ length: 1 + Math.floor(random() * 12) }, () => randomItem(random));
    assert.deepEqual(
      outcomesOf(items),
      items.flatMap((item) => outcomesOf([item])),
      items.join("\n"),
    );
  }
});
