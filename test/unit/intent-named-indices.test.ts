import assert from "node:assert/strict";
import { test } from "node:test";
import { namedIndices } from "../../functions/core/intent/named-indices.ts";
import { clusterError, fakeCluster } from "../support/fake-cluster.ts";

/** A PRIMARY whose expressions lead to the given indices; a name with `!` is closed. */
function primary(expressions: Readonly<Record<string, readonly string[]>>) {
  return fakeCluster("primary", ({ path }) => {
    const names = expressions[decodeURIComponent(path.split("/")[4] ?? "")];
    if (names === undefined) return { body: {} };
    const states = names.map((name) => [
      name.replace("!", ""),
      { state: name.endsWith("!") ? "close" : "open" },
    ]);
    return { body: { metadata: { indices: Object.fromEntries(states) } } };
  });
}

test("namedIndices() takes closed indices as well: they may have been closed after the write", async () => {
  assert.deepEqual(await namedIndices(primary({ "a*": ["a1", "a2!"] }), "a*"), ["a1", "a2"]);
  assert.deepEqual(await namedIndices(primary({ a: ["a!"] }), "a"), ["a"]);
});

test("namedIndices() takes names that begin with a dot only where a name leads to them", async () => {
  const known = {
    "*": ["a", ".kibana_1", "understudy-tombstones-2026.11"],
    ".kibana_1": [".kibana_1"],
    alias: [".hidden"],
    "*,.kibana_1": ["a", ".kibana_1", ".other"],
  };
  assert.deepEqual(await namedIndices(primary(known), "*"), ["a"]);
  assert.deepEqual(await namedIndices(primary(known), ".kibana_1"), [".kibana_1"]);
  assert.deepEqual(await namedIndices(primary(known), "alias"), [".hidden"]);
  assert.deepEqual(await namedIndices(primary(known), "*,.kibana_1"), [".kibana_1", "a"]);
});

test("namedIndices() takes a plain name for itself that PRIMARY does not have yet, and no pattern", async () => {
  assert.deepEqual(await namedIndices(primary({}), "soon"), ["soon"]);
  assert.deepEqual(await namedIndices(primary({}), "soon*"), []);
  assert.deepEqual(await namedIndices(primary({}), "a,b"), []);
});

test("namedIndices() has nothing for a name that no index can have, and fails where PRIMARY cannot say", async () => {
  const refusing = fakeCluster("primary", () => clusterError(400, "invalid_index_name_exception"));
  assert.deepEqual(await namedIndices(refusing, "a,_b"), []);
  const failing = fakeCluster("primary", () => clusterError(503, "master_not_discovered_exception"));
  await assert.rejects(namedIndices(failing, "a"), /master_not_discovered/);
});
