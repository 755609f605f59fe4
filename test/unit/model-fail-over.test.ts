import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../model/random.ts";
import { createScene, permutations, type Scene } from "../model/three-operations.ts";

function assertEqual(scene: Scene, what: string): void {
  assert.equal(scene.document(scene.backup), scene.document(scene.primary), what);
}

const look = `${JSON.stringify({
  schema: 1,
  writtenAtMs: 0,
  body: { encoding: "none" },
  kind: "reconcile",
  reason: "the outcome is unknown",
  keys: [["books", "a", null]],
  looksLeft: 0,
})}\n`;

/** A write on PRIMARY that its replica has when it is settled, and loses in a fail-over before. */
function executeOnPrimary({ primary }: Scene, method: string, id: string, document = "") {
  return primary.execute({ method, path: `/books/_doc/${id}`, body: Buffer.from(document) });
}

function losePrimary({ primary }: Scene): void {
  primary.failOver({ ...createRandom(1), chance: () => false });
}

test("a write that PRIMARY may lose in a fail-over is not taken for its truth", async () => {
  const scene = await createScene(["index", "index", "index"]);
  executeOnPrimary(scene, "PUT", "a", '{"n":8}');
  const [end] = await scene.replay(look, 2);
  assert.equal(end?.kind, "retry");
  assert.equal(scene.document(scene.backup), '{"n":0}');
  losePrimary(scene);
  executeOnPrimary(scene, "PUT", "a", '{"n":9}').settle();
  await scene.replay(look, 2);
  assertEqual(scene, "after the fail-over");
});

test("a write that PRIMARY loses while it is looked at is not taken for its truth", async () => {
  const scene = await createScene(["index", "index", "index"]);
  executeOnPrimary(scene, "PUT", "a", '{"n":8}');
  scene.watch.executed = (path) => {
    if (path !== "/_mget") return;
    scene.watch.executed = () => undefined;
    losePrimary(scene);
    // It has the number of the one that was lost.
    executeOnPrimary(scene, "PUT", "b", "{}").settle();
  };
  const [end] = await scene.replay(look, 2);
  assert.equal(end?.kind, "retry");
  await scene.replay(look, 2);
  assertEqual(scene, "after the fail-over");
});

test("a deletion that is not on every copy yet is waited for: below its own number it would delete nothing", async () => {
  const scene = await createScene(["index", "index", "index"]);
  for (const record of scene.records) await scene.replay(record, 1);
  const deletion = executeOnPrimary(scene, "DELETE", "a");
  const [end] = await scene.replay(look, 2);
  assert.equal(end?.kind, "retry");
  deletion.settle();
  await scene.replay(look, 2);
  assertEqual(scene, "after the deletion");
});

for (const last of ["index", "delete"] as const) {
  test(`what PRIMARY had acknowledged alone and lost does not win over a later ${last}, although its numbers were higher`, async () => {
    const scene = await createScene(["index", "index", "index"], { acknowledgesAlone: true });
    // As after `allocate_stale_primary`: the copy that is left has none of them, and gives their numbers out again.
    losePrimary(scene);
    const line = `{"${last}":{"_index":"books","_id":"a"}}\n`;
    await scene.write(last === "delete" ? line : `${line}{"n":7}\n`);
    const [later = ""] = scene.takeSent();
    for (const order of permutations([...scene.records, later])) {
      await scene.restart();
      for (const record of order) {
        scene.forget();
        await scene.replay(record, 2);
      }
      assertEqual(scene, `delivered as ${order.map((record) => scene.records.indexOf(record))}`);
    }
  });
}

test("what a write reads back of another one, which PRIMARY loses then, does not reach BACKUP", async () => {
  const definition = '{"settings":{"index.default_pipeline":"stamp"}}';
  const scene = await createScene(["index", "index", "index"], { definition });
  scene.watch.executed = (path) => {
    if (path !== "/_bulk") return;
    scene.watch.executed = () => undefined;
    executeOnPrimary(scene, "PUT", "a", '{"n":8}');
  };
  await scene.write('{"index":{"_index":"books","_id":"a"}}\n{"n":7}\n');
  losePrimary(scene);
  for (const record of scene.takeSent()) await scene.replay(record, 2);
  assertEqual(scene, "after the fail-over");
});
