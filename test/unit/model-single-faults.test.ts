import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import { asCluster, type MemoryCluster } from "../model/cluster/memory-cluster.ts";
import { actions, createScene, type Scene } from "../model/three-operations.ts";

// One fault, at each moment of one record: what the seeds draw among many others is looked at alone here.

/** BACKUP, which refuses its `at`-th request as a whole. */
function refusing(backup: MemoryCluster, at: number, status: number) {
  const direct = asCluster("backup", backup);
  let asked = 0;
  const refusals: string[] = [];
  const port: Cluster = {
    ...direct,
    async send(request) {
      if (asked++ !== at) return direct.send(request);
      refusals.push(`${request.method} ${request.path}`);
      const error = { type: "unavailable", reason: "not now" };
      return { status, headers: {}, body: Buffer.from(JSON.stringify({ error, status })) };
    },
  };
  return { port, refusals };
}

function assertEqual(scene: Scene, when: string): void {
  assert.equal(scene.document(scene.backup), scene.document(scene.primary), when);
}

for (const status of [429, 500, 503]) {
  test(`a record of which BACKUP refuses one request with ${status}, whichever, is retried and not done`, async () => {
    for (const last of actions.filter((action) => action !== "create")) {
      const scene = await createScene(["index", "index", last]);
      const record = scene.records.at(-1) ?? "";
      for (let at = 0, more = true; more; at++) {
        await scene.restart();
        const { port, refusals } = refusing(scene.backup, at, status);
        // Late, so that it asks for tombstones as well.
        const [end] = await scene.replay(record, 2, port);
        more = refusals.length > 0;
        if (end?.kind === "retry") await scene.replay(record, 3);
        assertEqual(scene, `${last}, request ${at}: ${refusals}`);
      }
    }
  });
}

test("a record whose payload has been altered writes what PRIMARY has, not what it reads", async () => {
  for (const last of ["index", "update"] as const) {
    const scene = await createScene(["index", "index", last], { inlineBytesMax: 0 });
    const record = scene.records.at(-1) ?? "";
    await scene.restart();
    scene.payloads.altered = record;
    await scene.replay(record, 1);
    assertEqual(scene, last);
  }
});
