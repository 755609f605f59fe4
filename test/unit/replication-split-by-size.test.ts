import assert from "node:assert/strict";
import { test } from "node:test";
import { splitBySize } from "../../functions/core/replication/split-by-size.ts";

const itself = (size: number) => size;

test("splitBySize() fills a part up to exactly its size, and keeps the order", () => {
  assert.deepEqual(splitBySize([4, 6, 1, 9, 1, 10], itself, { sizeMax: 10 }), [[4, 6], [1, 9], [1], [10]]);
});

test("splitBySize() gives an item that is too large a part of its own", () => {
  assert.deepEqual(splitBySize([11, 1, 12, 1], itself, { sizeMax: 10 }), [[11], [1], [12], [1]]);
});

test("splitBySize() bounds the number of items as well", () => {
  assert.deepEqual(splitBySize([1, 1, 1, 9, 1], itself, { sizeMax: 10, itemsMax: 2 }), [[1, 1], [1, 9], [1]]);
});

test("splitBySize() makes no part of nothing", () => {
  assert.deepEqual(splitBySize([], itself, { sizeMax: 10 }), []);
});
