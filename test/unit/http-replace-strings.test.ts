import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { type Replacement, replaceStrings } from "../../functions/core/http/replace-strings.ts";

const ids: Replacement = {
  depthMax: 3,
  isMeant: (name, depth) => name === "id" && depth !== 2,
  replace: (text) => JSON.stringify(`<${text}>`),
};

async function inPieces(json: Buffer, size: number, replacement: Replacement): Promise<string> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < json.length; at += size) pieces.push(json.subarray(at, at + size));
  const replaced = replaceStrings(Readable.from(pieces, { objectMode: false }), replacement);
  assert.ok(!Buffer.isBuffer(replaced));
  return (await buffer(replaced)).toString();
}

const cases: readonly (readonly [what: string, json: string, replaced: string])[] = [
  ["a member of the answer", '{"id":"a","n":1}', '{"id":"<a>","n":1}'],
  ["with space and escapes", ' { "i\\u0064" : "a\\"b" }', ' { "i\\u0064" : "<a\\"b>" }'],
  ["not a value that is no string", '{"id":7,"x":{"id":"two"}}', '{"id":7,"x":{"id":"two"}}'],
  ["in a list's objects", '{"r":[{"id":"a"},{"id":"b"}]}', '{"r":[{"id":"<a>"},{"id":"<b>"}]}'],
  ["not deeper", '{"r":[{"s":{"id":"a"}}]}', '{"r":[{"s":{"id":"a"}}]}'],
  ["not strings of lists", '{"id":["a","id"],"z":["id","b"]}', '{"id":["a","id"],"z":["id","b"]}'],
  [
    "not what looks like it in a string",
    '{"t":"\\"id\\":\\"a\\"\\\\","id":"b"}',
    '{"t":"\\"id\\":\\"a\\"\\\\","id":"<b>"}',
  ],
  [
    "numbers and duplicates as they are",
    '{"n":12345678901234567890,"n":1.0}',
    '{"n":12345678901234567890,"n":1.0}',
  ],
  ["what is cut short", '{"id":"abc', '{"id":"abc'],
  ["what is no JSON", 'id: abc\n}}]] "', 'id: abc\n}}]] "'],
];

for (const [what, json, replaced] of cases) {
  test(`replaceStrings() replaces ${what}, however the answer is cut into pieces`, async () => {
    const bytes = Buffer.from(json);
    assert.equal(replaceStrings(bytes, ids).toString(), replaced);
    for (let size = 1; size <= bytes.length; size++) assert.equal(await inPieces(bytes, size, ids), replaced);
  });
}

test("replaceStrings() reads on no further than the only one", async () => {
  const once = { ...ids, once: true };
  assert.equal(replaceStrings(Buffer.from('{"id":"a","id":"b"}'), once).toString(), '{"id":"<a>","id":"b"}');
  assert.equal(await inPieces(Buffer.from('{"id":"a","id":"b"}'), 4, once), '{"id":"<a>","id":"b"}');
});

test("replaceStrings() of a stream ends the stream behind it when the reader leaves before the first read", async () => {
  const source = new Readable({ read() {} });
  const replaced = replaceStrings(source, ids);
  assert.ok(!Buffer.isBuffer(replaced));
  replaced.destroy();
  await new Promise((closed) => source.once("close", closed));
  assert.ok(source.destroyed);
});
