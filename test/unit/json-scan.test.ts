import assert from "node:assert/strict";
import { test } from "node:test";
import {
  eachElement,
  eachMember,
  JsonScanError,
  skipSpace,
  skipValue,
  stringIs,
  unquote,
} from "../../functions/core/bulk/json-scan.ts";
import { nameIndex, nameTable } from "../../functions/core/bulk/name-table.ts";
import { randomJson, seeded } from "./json-random.ts";

/** Reads a value with the scanner alone. */
function read(json: Buffer, pos: number): { value: unknown; end: number } {
  if (json[pos] === 0x7b) {
    const members: [string, unknown][] = [];
    const end = eachMember(json, pos, (keyStart, keyEnd, valueStart) => {
      const member = read(json, valueStart);
      members.push([unquote(json, keyStart, keyEnd), member.value]);
      assert.equal(member.end, skipValue(json, valueStart));
      return member.end;
    });
    return { value: Object.fromEntries(members), end };
  }
  if (json[pos] === 0x5b) {
    const elements: unknown[] = [];
    const end = eachElement(json, pos, (start) => {
      const element = read(json, start);
      elements.push(element.value);
      return element.end;
    });
    return { value: elements, end };
  }
  const end = skipValue(json, pos);
  const value = json[pos] === 0x22 ? unquote(json, pos, end) : JSON.parse(json.toString("utf8", pos, end));
  return { value, end };
}

test("eachMember(), eachElement() and unquote() read random JSON as JSON.parse does, compact and pretty", () => {
  const random = seeded(20261122);
  for (let round = 0; round < 400; round += 1) {
    const value = randomJson(random, 5);
    for (const indent of [0, 2]) {
      const json = Buffer.from(`\n ${JSON.stringify(value, null, indent)} `);
      const start = skipSpace(json, 0);
      assert.deepEqual(read(json, start), { value, end: json.length - 1 });
      assert.equal(skipValue(json, start), json.length - 1);
    }
  }
});

test("skipValue() throws JsonScanError for every truncation of a container", () => {
  const json = Buffer.from('{"a":[1,{"b":"x\\"y\\\\"}],"c":"é"}');
  assert.equal(skipValue(json, 0), json.length);
  for (let length = 0; length < json.length; length += 1) {
    assert.throws(() => skipValue(json.subarray(0, length), 0), JsonScanError);
    assert.throws(
      () => eachMember(json.subarray(0, length), 0, (_s, _e, v) => skipValue(json, v)),
      JsonScanError,
    );
  }
});

test("skipValue() ends a long string at the quote that is not escaped", () => {
  for (let length = 0; length < 140; length += 1) {
    for (const tail of ["", "\\\\", '\\"', '\\\\\\"', '\\"\\\\']) {
      const json = Buffer.from(`"${"x".repeat(length)}${tail}${"y".repeat(length % 7)}","next"`);
      assert.equal(skipValue(json, 0), json.length - ',"next"'.length);
    }
  }
});

test("skipValue() takes nesting of any depth", () => {
  const depth = 200_000;
  const json = Buffer.from(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  assert.equal(skipValue(json, 0), json.length);
});

test("skipValue() does not take brackets and quotes in comments for JSON", () => {
  const json = Buffer.from('{"a":/* } " */1 // ]}"\n}');
  assert.equal(skipValue(json, 0), json.length);
});

test("eachMember() throws JsonScanError for what is no object", () => {
  for (const text of ["", "[]", "{a:1}", '{"a" 1}', '{"a":}', '{"a":1 "b":2}', '{"a":1,}', '{"a":1']) {
    const json = Buffer.from(text);
    assert.throws(
      () => eachMember(json, 0, (_start, _end, value) => skipValue(json, value)),
      JsonScanError,
      text,
    );
  }
});

test("unquote() throws JsonScanError for an escape that does not exist", () => {
  const json = Buffer.from('"a\\q"');
  assert.throws(() => unquote(json, 0, json.length), JsonScanError);
});

test("nameIndex() finds a name however it is escaped", () => {
  const json = Buffer.from('"\\u005fid"');
  assert.equal(nameIndex(json, 0, json.length, nameTable(["_index", "_id"])), 1);
  assert.equal(nameIndex(json, 0, json.length, nameTable(["_index"])), -1);
});

test("stringIs() does not take bytes for characters, nor an escape for a backslash", () => {
  const accent = Buffer.from('"é"');
  assert.equal(stringIs(accent, 0, accent.length, "Ã©"), false);
  const newline = Buffer.from('"a\\n"');
  assert.equal(stringIs(newline, 0, newline.length, "a\\n"), false);
});
