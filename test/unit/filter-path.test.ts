import assert from "node:assert/strict";
import { test } from "node:test";
import { filterPath, matchesName } from "../../functions/core/bulk/filter-path.ts";
import { JsonScanError } from "../../functions/core/bulk/json-scan.ts";
import { pick, randomJson, seeded } from "./json-random.ts";

const DOCUMENT =
  '{"_id":"1","_source":{"took":1,"name":"top","a":{"b":1,"name":"in","c":{"name":"deep","d":[{"name":"x","e":{}},[{"name":"y"}],5,[]]}},"arr":[1,{"b":2},[],{}],"empty":{},"dot.ted":{"k":1}}}';

// What Elasticsearch 8.19.0 answered for the document above.
const OBSERVED: readonly (readonly [string, string])[] = [
  ["_source.name", '{"_source":{"name":"top"}}'],
  ["_source.a.b", '{"_source":{"a":{"b":1}}}'],
  [
    "**.n*e",
    '{"_source":{"name":"top","a":{"name":"in","c":{"name":"deep","d":[{"name":"x"},[{"name":"y"}]]}}}}',
  ],
  [
    "_source.**.name",
    '{"_source":{"a":{"name":"in","c":{"name":"deep","d":[{"name":"x"},[{"name":"y"}]]}}}}',
  ],
  ["_source.a.*.name", '{"_source":{"a":{"c":{"name":"deep"}}}}'],
  ["_source.arr", '{"_source":{"arr":[1,{"b":2},[],{}]}}'],
  ["_source.arr.b", '{"_source":{"arr":[{"b":2}]}}'],
  ["_source.empty", '{"_source":{"empty":{}}}'],
  ["_source.empty.x", "{}"],
  ["nope", "{}"],
  ["-*", "{}"],
  ["_source.a.b.q", "{}"],
  ["_source.dot.ted", "{}"],
  ["_source.dot\\.ted.k", '{"_source":{"dot.ted":{"k":1}}}'],
  [" _source.name , _id ", '{"_id":"1","_source":{"name":"top"}}'],
  ["-_source", '{"_id":"1"}'],
  ["-_source.**", '{"_id":"1"}'],
  ["_*,-_source", '{"_id":"1"}'],
  [
    "_source.a,-_source.a.b",
    '{"_source":{"a":{"name":"in","c":{"name":"deep","d":[{"name":"x","e":{}},[{"name":"y"}],5,[]]}}}}',
  ],
  [
    "-_source.**.name,-_source.took",
    '{"_id":"1","_source":{"name":"top","a":{"b":1,"c":{"d":[{"e":{}},5,[]]}},"arr":[1,{"b":2},[],{}],"empty":{},"dot.ted":{"k":1}}}',
  ],
  ["_source.a,-_source.a", "{}"],
  ["-", DOCUMENT],
  ["_source.a.", "{}"],
];

test("filterPath() answers what Elasticsearch 8.19 answers", () => {
  for (const [filters, expected] of OBSERVED) {
    assert.equal(filterPath(Buffer.from(DOCUMENT), filters).toString(), expected, filters);
  }
});

test("filterPath() keeps digits, escapes and layout of what stays", () => {
  const json = Buffer.from('{\n  "a" : 9007199254740993,\n  "b" : [ 1.50, "\\u00e9" ],\n  "c" : 1\n}\n');
  assert.equal(
    filterPath(json, "a,b").toString(),
    '{\n  "a" : 9007199254740993,\n  "b" : [ 1.50, "\\u00e9" ]\n}',
  );
  assert.equal(filterPath(json, "-a").toString(), '{\n  "b" : [ 1.50, "\\u00e9" ],\n  "c" : 1\n}');
});

test("filterPath() takes __proto__ for an ordinary name", () => {
  const json = Buffer.from('{"__proto__":{"x":1},"y":2}');
  assert.equal(filterPath(json, "__proto__.x").toString(), '{"__proto__":{"x":1}}');
  assert.equal(filterPath(json, "-__proto__").toString(), '{"y":2}');
});

test("filterPath() throws JsonScanError for what is not JSON and for nesting nobody reads", () => {
  assert.throws(() => filterPath(Buffer.from('{"a":'), "a"), JsonScanError);
  const deep = Buffer.from(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
  assert.throws(() => filterPath(deep, "**.b"), JsonScanError);
});

/** The rules once more, on parsed JSON: each leaf's path against each filter. */
function naive(value: unknown, filters: readonly string[], inclusive: boolean): unknown {
  const patterns = filters.map((filter) => filter.split("."));
  const NOTHING = Symbol("nothing");
  const matchesPath = (names: readonly string[], path: readonly string[]): boolean => {
    const [name, ...rest] = names;
    const [first, ...below] = path;
    if (name === undefined) return path.length === 0;
    if (first === undefined) return false;
    if (name !== "**") return matchesName(name, first) && matchesPath(rest, below);
    return matchesPath(rest, below) || matchesPath(names, below);
  };
  const hit = (path: readonly string[]) => patterns.some((names) => matchesPath(names, path));
  const reach = (names: readonly string[], path: readonly string[]): boolean => {
    const [name, ...rest] = names;
    const [first, ...below] = path;
    if (first === undefined) return name !== undefined;
    if (name === undefined) return false;
    if (name !== "**") return matchesName(name, first) && reach(rest, below);
    return reach(rest, below) || reach(names, below);
  };
  const visit = (node: unknown, path: readonly string[]): unknown => {
    if (path.length > 0 && hit(path)) return inclusive ? node : NOTHING;
    if (path.length > 0 && !patterns.some((names) => reach(names, path))) return inclusive ? NOTHING : node;
    return inside(node, path);
  };
  const inside = (node: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(node)) {
      const kept = node.map((element) => inside(element, path)).filter((element) => element !== NOTHING);
      return kept.length > 0 || (node.length === 0 && !inclusive) ? kept : NOTHING;
    }
    if (typeof node !== "object" || node === null) return inclusive ? NOTHING : node;
    const entries = Object.entries(node);
    const kept = entries
      .map(([name, member]) => [name, visit(member, [...path, name])] as const)
      .filter(([, member]) => member !== NOTHING);
    return kept.length > 0 || (entries.length === 0 && !inclusive) ? Object.fromEntries(kept) : NOTHING;
  };
  const left = inside(value, []);
  return left === NOTHING ? {} : left;
}

test("filterPath() agrees with a naive filter on parsed JSON", () => {
  const random = seeded(7);
  const names = ["a", "b", "name", "n*", "*", "**", "é", "*e*", "nested", "items"] as const;
  for (let round = 0; round < 1_500; round += 1) {
    const document = {
      a: randomJson(random, 4),
      nested: randomJson(random, 5),
      items: randomJson(random, 4),
    };
    const filters = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, names)).join("."),
    );
    const json = Buffer.from(JSON.stringify(document, null, round % 2));
    const included = filterPath(json, filters.join(","));
    assert.deepEqual(JSON.parse(included.toString()), naive(document, filters, true), filters.join(","));
    const excluded = filterPath(json, filters.map((filter) => `-${filter}`).join(","));
    assert.deepEqual(JSON.parse(excluded.toString()), naive(document, filters, false), filters.join(",-"));
  }
});

test("matchesName() lets a star stand for any text", () => {
  for (const [pattern, name, expected] of [
    ["a*c", "abc", true],
    ["a*c", "ac", true],
    ["a*c", "acd", false],
    ["*b*", "abc", true],
    ["*a*b", "aab", true],
    ["a?", "ab", false],
    ["", "", true],
    ["", "a", false],
    ["*", "", true],
  ] as const) {
    assert.equal(matchesName(pattern, name), expected, `${pattern} ${name}`);
  }
  assert.equal(matchesName(`${"*a".repeat(200)}b`, "a".repeat(5_000)), false);
});
