import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { proveAbsence } from "../../functions/core/truth/absence.ts";
import { TruthUnsettled } from "../../functions/core/truth/settled-progress.ts";
import { lineOf } from "../support/fake-cluster.ts";
import { fakePrimary } from "../support/fake-primary.ts";

const keys = [{ index: "books", id: "1", routing: undefined }];

function prove(primary: ReturnType<typeof fakePrimary>) {
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
  };
  const absence = () => proveAbsence("books", keys, { primary: primary.cluster, epoch: 1, sleep });
  return { absence, slept };
}

test("proveAbsence() guards the deletion with its shard's term and global checkpoint", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [4], progress: [{ max: 17, checkpoint: 17 }] } });
  const { absence, slept } = prove(primary);
  const { state, absences } = await absence();
  assert.equal(state?.incarnation.uuid, "u1");
  assert.deepEqual(absences, [{ kind: "absent", version: encodeVersion("books", 1, "4", "17") }]);
  assert.deepEqual(slept, []);
});

test("proveAbsence() reads the state and the checkpoint before the document, and the state after it", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 3, checkpoint: 3 }] } });
  await prove(primary).absence();
  assert.deepEqual(primary.asked(), ["state", "stats", "mget", "state"]);
});

test("proveAbsence() waits until all operations given out by then have been applied everywhere", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 9, checkpoint: 5 }] } });
  primary.onAsked("stats", (times) => {
    // New operations come on all the time; only those of the first look have to finish.
    primary.index("books").progress = [{ max: times * 9, checkpoint: times < 3 ? 5 + times : 12 }];
  });
  const { absence, slept } = prove(primary);
  const { absences } = await absence();
  assert.deepEqual(absences, [{ kind: "absent", version: encodeVersion("books", 1, "1", "12") }]);
  assert.ok(slept.length >= 2);
});

test("proveAbsence() gives up as unsettled when begun operations never finish", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 9, checkpoint: 8 }] } });
  await assert.rejects(prove(primary).absence(), TruthUnsettled);
});

test("proveAbsence() has PRIMARY flush where a begun operation, a refused document's, is finished but not on disk", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 9, checkpoint: 8 }] } });
  primary.onAsked("other", () => {
    primary.index("books").progress = [{ max: 9, checkpoint: 9 }];
  });
  const { absences } = await prove(primary).absence();
  assert.deepEqual(absences, [{ kind: "absent", version: encodeVersion("books", 1, "1", "9") }]);
  const flushes = primary.cluster.requests.filter(({ method }) => method === "POST").map(lineOf);
  assert.equal(flushes[0], "POST /books/_flush");
});

test("proveAbsence() starts again when the shard's term moved or the index was recreated meanwhile", async () => {
  for (const change of [{ terms: [2] }, { uuid: "u2" }]) {
    const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 3, checkpoint: 3 }] } });
    primary.onAsked("mget", (times) => {
      if (times === 1) Object.assign(primary.index("books"), change);
    });
    const { absences } = await prove(primary).absence();
    const term = String(primary.index("books").terms[0]);
    assert.deepEqual(absences, [{ kind: "absent", version: encodeVersion("books", 1, term, "3") }]);
    assert.equal(primary.asked().filter((what) => what === "mget").length, 2);
  }
});

test("proveAbsence() gives up as unsettled when the term moves every time", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 3, checkpoint: 3 }] } });
  primary.onAsked("mget", (times) => {
    primary.index("books").terms = [1 + times];
  });
  await assert.rejects(prove(primary).absence(), TruthUnsettled);
});

test("proveAbsence() is `never` for a shard without operations and for an index that is not there", async () => {
  const empty = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: -1, checkpoint: -1 }] } });
  assert.deepEqual((await prove(empty).absence()).absences, [{ kind: "never" }]);
  const gone = await prove(fakePrimary({})).absence();
  assert.deepEqual(gone, { state: undefined, absences: [{ kind: "never" }] });
});

test("proveAbsence() is `other` for a document that is there by now, with its present state", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [{ max: 3, checkpoint: 3 }] } });
  primary.index("books").documents.set("1", { seqNo: 4, term: 1, source: '{"n":1}' });
  // Read before the other copies have it: it counts when they do.
  primary.onAsked("stats", (times) => {
    if (times > 3) primary.index("books").progress = [{ max: 4, checkpoint: 4 }];
  });
  const { absence: prove1, slept } = prove(primary);
  const { absences } = await prove1();
  assert.ok(slept.length > 0);
  const [absence] = absences;
  assert.ok(absence?.kind === "other" && absence.document.kind === "found");
  assert.equal(absence.document.seqNo, "4");
});

test("proveAbsence() is unsettled when the document's shard does not say how far it is", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1], progress: [] } });
  await assert.rejects(prove(primary).absence(), TruthUnsettled);
});

test("proveAbsence() takes the guard of the document's own shard, by its routing", async () => {
  // 5 shards of 5 routing shards: the routings a, b, c, d are on 4, 2, 0, 3 (docs/cluster-semantics.md, section 4).
  const progress = [10, 11, 12, 13, 14].map((max) => ({ max, checkpoint: max }));
  const primary = fakePrimary({ books: { uuid: "u1", terms: [1, 2, 3, 4, 5], progress } });
  const routed = ["a", "b", "c", "d"].map((routing) => ({ index: "books", id: "1", routing }));
  const sleep = () => Promise.resolve();
  const { absences } = await proveAbsence("books", routed, { primary: primary.cluster, epoch: 0, sleep });
  assert.deepEqual(
    absences.map((absence) => absence.kind === "absent" && absence.version),
    [
      encodeVersion("books", 0, "5", "14"),
      encodeVersion("books", 0, "3", "12"),
      encodeVersion("books", 0, "1", "10"),
      encodeVersion("books", 0, "4", "13"),
    ],
  );
});
