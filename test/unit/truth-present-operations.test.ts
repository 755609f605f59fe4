import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { bytesOf } from "../../functions/core/replication/record.ts";
import { encodeVersion, VersionOverflow } from "../../functions/core/replication/version.ts";
import { presentOperations } from "../../functions/core/truth/present-operations.ts";
import { TruthUnsettled } from "../../functions/core/truth/settled-progress.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import { fakePrimary } from "../support/fake-primary.ts";

const key = (id: string, index = "books") => ({ index, id, routing: undefined });

function world() {
  const primary = fakePrimary({
    books: { uuid: "u1", terms: [1], progress: [{ max: 9, checkpoint: 9 }], aliases: { library: {} } },
    films: { uuid: "u2", terms: [3], progress: [{ max: 4, checkpoint: 4 }], aliases: { library: {} } },
  });
  const services = { primary: primary.cluster, epoch: 2, sleep: () => Promise.resolve() };
  const truth = async (...keys: ReturnType<typeof key>[]) => {
    const { present, unreadable } = await presentOperations(keys, services);
    const operations = present.flatMap(({ state, operations: own }) =>
      own.map(({ id, document, version }) => ({
        what: `${state.incarnation.uuid} ${document === undefined ? "delete" : bytesOf(document)} ${id}`,
        version,
      })),
    );
    return { operations, unreadable };
  };
  return { primary, truth };
}

test("presentOperations() writes what PRIMARY holds and deletes, under their shard's guard, what it does not", async () => {
  const { primary, truth } = world();
  primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: '{"n":9007199254740993}' });
  assert.deepEqual(await truth(key("1"), key("2"), key("3", "films")), {
    operations: [
      { what: 'u1 {"n":9007199254740993} 1', version: encodeVersion("books", 2, "1", "7") },
      { what: "u1 delete 2", version: encodeVersion("books", 2, "1", "9") },
      { what: "u2 delete 3", version: encodeVersion("films", 2, "3", "4") },
    ],
    unreadable: undefined,
  });
});

test("presentOperations() looks in every index behind an alias", async () => {
  const { primary, truth } = world();
  primary.index("films").documents.set("1", { seqNo: 2, term: 3, source: "{}" });
  const { operations } = await truth(key("1", "library"));
  assert.deepEqual(
    operations.map(({ what }) => what),
    ["u1 delete 1", "u2 {} 1"],
  );
});

test("presentOperations() of an index that PRIMARY does not have is nothing", async () => {
  const { truth } = world();
  assert.deepEqual(await truth(key("1", "gone")), { operations: [], unreadable: undefined });
});

test("presentOperations() sets apart the keys that cannot be read; the others have their operations", async () => {
  const { primary, truth } = world();
  primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: "{}" });
  primary.index("books").unreadable.add("2");
  primary.index("films").documents.set("3", { seqNo: 1, term: 3, source: undefined });
  const { operations, unreadable } = await truth(key("1"), key("2"), key("3", "films"));
  assert.deepEqual(
    operations.map(({ what }) => what),
    ["u1 {} 1"],
  );
  assert.deepEqual(unreadable?.keys, [key("2"), key("3", "films")]);
  assert.match(unreadable.reason, /it recovers/);
  assert.equal(unreadable.forGood, false);
  assert.equal((await truth(key("3", "films"))).unreadable?.forGood, true);
});

test("presentOperations() is unsettled when the index was recreated or went while it was read", async () => {
  const recreated = world();
  recreated.primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: "{}" });
  recreated.primary.onAsked("mget", () => {
    recreated.primary.index("books").uuid = "u9";
  });
  await assert.rejects(recreated.truth(key("1")), TruthUnsettled);
  const gone = world();
  gone.primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: "{}" });
  gone.primary.onAsked("mget", () => gone.primary.indices.delete("books"));
  await assert.rejects(gone.truth(key("1")), TruthUnsettled);
});

test("presentOperations() is unsettled when the index is recreated while an absence is proved", async () => {
  const { primary, truth } = world();
  primary.onAsked("mget", (times) => {
    if (times === 2) Object.assign(primary.index("books"), { uuid: "u9" });
  });
  await assert.rejects(truth(key("1")), TruthUnsettled);
});

test("presentOperations() writes a document that came while its absence was proved", async () => {
  const { primary, truth } = world();
  primary.onAsked("mget", (times) => {
    if (times < 2) return;
    primary.index("books").documents.set("1", { seqNo: 10, term: 1, source: '{"new":1}' });
    primary.index("books").progress = [{ max: 10, checkpoint: 10 }];
  });
  assert.deepEqual((await truth(key("1"))).operations, [
    { what: 'u1 {"new":1} 1', version: encodeVersion("books", 2, "1", "10") },
  ]);
});

test("presentOperations() does not take what a fail-over could still lose, or has lost just now", async () => {
  const dirty = world();
  dirty.primary.index("books").documents.set("1", { seqNo: 10, term: 1, source: "{}" });
  await assert.rejects(dirty.truth(key("1")), TruthUnsettled);
  dirty.primary.index("books").progress = [{ max: 10, checkpoint: 10 }];
  assert.equal((await dirty.truth(key("1"))).operations.length, 1);
  const lost = world();
  lost.primary.index("books").documents.set("1", { seqNo: 9, term: 1, source: "{}" });
  // The new primary has given the number out again.
  lost.primary.onAsked("mget", () => Object.assign(lost.primary.index("books"), { terms: [2] }));
  await assert.rejects(lost.truth(key("1")), TruthUnsettled);
});

test("presentOperations() throws what PRIMARY does not answer, and VersionOverflow rather than wrap", async () => {
  const { primary, truth } = world();
  primary.index("books").documents.set("1", { seqNo: 7, term: 99_999, source: "{}" });
  await assert.rejects(truth(key("1")), VersionOverflow);
  primary.cluster.answer(noAnswer("primary", "refused"));
  await assert.rejects(truth(key("1")), ClusterError);
});
