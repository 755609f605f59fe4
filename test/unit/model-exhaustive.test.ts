import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, ClusterError } from "../../functions/core/cluster/port.ts";
import { asCluster } from "../model/cluster/memory-cluster.ts";
import {
  type Action,
  actions,
  createScene,
  createSteppedCluster,
  permutations,
  type Scene,
} from "../model/three-operations.ts";

const triples = actions.flatMap((a) =>
  actions.flatMap((b) => actions.map((c): readonly Action[] => [a, b, c])),
);

function assertEqual(scene: Scene, what: string): void {
  assert.equal(scene.document(scene.backup), scene.document(scene.primary), what);
}

for (const first of actions) {
  test(`three operations beginning with ${first}: every order of delivery, each delivered once or twice, BACKUP forgetting deletions in between`, async () => {
    for (const triple of triples.filter(([a]) => a === first)) {
      const scene = await createScene(triple);
      const numbers = scene.records.map((_, i) => i);
      for (let twice = 0; twice < 2 ** numbers.length; twice++) {
        for (const order of permutations(numbers)) {
          // The second deliveries come when all have been delivered once: they are the ones that are late.
          const deliveries = [...order, ...order.filter((i) => (twice >> i) & 1)];
          await scene.restart();
          for (const [at, i] of deliveries.entries()) {
            if (order[0] !== 0 || at > 0) scene.forget();
            await scene.replay(scene.records[i] ?? "", at < order.length ? 1 : 2);
          }
          assertEqual(scene, `${triple} delivered as ${deliveries}`);
        }
      }
    }
  });
}

test("three operations of a writer whose clock is ahead, delivered in every order, BACKUP forgetting deletions in between", async () => {
  for (const triple of triples) {
    const scene = await createScene(triple, { writerAheadMs: 600_000 });
    for (const order of permutations(scene.records)) {
      await scene.restart();
      for (const record of order) {
        scene.forget();
        await scene.replay(record, 2);
      }
      assertEqual(scene, `${triple} delivered as ${order.map((record) => scene.records.indexOf(record))}`);
    }
  }
});

test("three operations, delivered in every order over three months: each month has its own tombstones", async () => {
  for (const triple of triples) {
    const scene = await createScene(triple);
    for (const order of permutations(scene.records)) {
      await scene.restart();
      for (const record of order) {
        await scene.replay(record, 2);
        scene.forget(31 * 24 * 3_600_000);
      }
      assertEqual(scene, `${triple} delivered as ${order.map((record) => scene.records.indexOf(record))}`);
    }
  }
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

type Consumer = (backup: Cluster) => Promise<unknown>;

/** Runs consumers at once, their requests in the schedule's order; gives how many choices each step had. */
async function interleave(scene: Scene, consumers: readonly Consumer[], schedule: readonly number[]) {
  const ports = consumers.map(() => createSteppedCluster(scene.backup));
  let running = consumers.length;
  for (const [i, consumer] of consumers.entries()) {
    void consumer(ports[i] ?? asCluster("backup", scene.backup)).then(() => {
      running -= 1;
    });
  }
  const choices: number[] = [];
  await settled();
  for (let step = 0; running > 0; step++) {
    const ready = ports.filter(({ waiting }) => waiting.length > 0);
    choices.push(ready.length);
    const next = ready[schedule[step] ?? 0];
    if (next === undefined) throw new Error("a consumer waits for nothing");
    next.step();
    for (const { shards } of scene.backup.catalog.indices.values())
      for (const s of shards) s.forgetDeletions();
    await settled();
  }
  return choices;
}

/** Runs all schedules there are; `run` gives the choices that one had. Gives their number. */
async function everySchedule(run: (schedule: readonly number[]) => Promise<readonly number[]>) {
  let schedules = 0;
  for (let schedule: readonly number[] | undefined = []; schedule !== undefined; schedules++) {
    assert.ok(schedules < 20_000, "the tree of schedules is larger than it should be");
    schedule = nextSchedule(schedule, await run(schedule));
  }
  return schedules;
}

/** The schedule after this one, in the order of the tree of choices; `undefined` after the last. */
function nextSchedule(
  schedule: readonly number[],
  choices: readonly number[],
): readonly number[] | undefined {
  for (let at = choices.length - 1; at >= 0; at--) {
    const taken = schedule[at] ?? 0;
    if (taken + 1 < (choices[at] ?? 0)) {
      return [...Array.from({ length: at }, (_, i) => schedule[i] ?? 0), taken + 1];
    }
  }
  return undefined;
}

for (const triple of [
  ["index", "delete", "index"],
  ["delete", "index", "delete"],
  ["update", "delete", "create"],
] as const) {
  test(`three consumers with ${triple.join(", ")} of one document, in every interleaving of their requests, deletions forgotten at once`, async () => {
    const schedules = await everySchedule(async (schedule) => {
      const scene = await createScene(triple);
      // Each is a second delivery, after BACKUP has forgotten whatever it could.
      scene.forget();
      const consumers = scene.records.map(
        (record): Consumer =>
          (port) =>
            scene.replay(record, 2, port),
      );
      const choices = await interleave(scene, consumers, schedule);
      assertEqual(scene, `${triple} by schedule ${schedule.join(" ")}`);
      return choices;
    });
    assert.ok(schedules > 20, `only ${schedules} schedules`);
  });
}

const wholeIndex =
  '{"schema":1,"writtenAtMs":0,"body":{"encoding":"none"},"kind":"reconcile-index","reason":"by query","index":"books"}\n';

test("a late record from before a by-query deletion, and the reconcile of that, in every interleaving of their requests", async () => {
  const schedules = await everySchedule(async (schedule) => {
    const scene = await createScene(["index", "index", "index"]);
    const late = scene.records.at(-1) ?? "";
    const body = Buffer.from('{"query":{"ids":{"values":["a"]}}}');
    scene.primary.execute({ method: "POST", path: "/books/_refresh" });
    scene.primary.execute({ method: "POST", path: "/books/_delete_by_query", body }).settle();
    assert.equal(scene.document(scene.primary), undefined);
    // BACKUP does not hold the document when it is reconciled, so that leaves no tombstone.
    scene.backup.execute({ method: "DELETE", path: "/books/_doc/a" }).settle();
    scene.forget();
    const queued: string[] = [];
    const reconcile = async (port: Cluster) => {
      for (let next: string | undefined = wholeIndex; next !== undefined; ) {
        await scene.replay(next, 2, port);
        queued.push(...scene.takeSent());
        const at = queued.findIndex((message) => message.includes(`"kind":"reconcile-index"`));
        next = at < 0 ? undefined : queued.splice(at, 1)[0];
      }
    };
    const consumers: readonly Consumer[] = [(port) => scene.replay(late, 2, port), reconcile];
    const choices = await interleave(scene, consumers, schedule);
    for (let left = [...queued, ...scene.takeSent()]; left.length > 0; left = [...scene.takeSent()])
      for (const message of left) await scene.replay(message, 2);
    assertEqual(scene, `by schedule ${schedule.join(" ")}`);
    return choices;
  });
  assert.ok(schedules > 5, `only ${schedules} schedules`);
});

test("a consumer that dies at any of its requests leaves nothing wrong when its record comes again", async () => {
  for (const triple of triples) {
    const scene = await createScene(triple);
    for (const order of permutations(scene.records.map((_, i) => i))) {
      for (const dying of order) {
        for (let requests = 0; ; requests++) {
          await scene.restart();
          let died = false;
          for (const i of order) {
            scene.forget();
            const record = scene.records[i] ?? "";
            if (i === dying) died = await diesAfter(requests, scene, record);
            // SQS hands out again what was not deleted.
            scene.forget();
            await scene.replay(record, 2);
          }
          assertEqual(scene, `${triple} delivered as ${order}, ${dying} dies after ${requests} requests`);
          if (!died) break;
        }
      }
    }
  }
});

/** A consumer that dies when BACKUP has executed so many of its requests; `false` when it needs no more. */
async function diesAfter(requests: number, scene: Scene, record: string): Promise<boolean> {
  const port = createSteppedCluster(scene.backup);
  let ended = false;
  void scene.replay(record, 2, port).then(() => {
    ended = true;
  });
  await settled();
  for (let i = 0; i < requests && !ended; i++) {
    port.step();
    await settled();
  }
  return !ended;
}

test("a deletion whose tombstone BACKUP refuses is not sent, and its record comes again", async () => {
  const scene = await createScene(["delete", "index", "index"]);
  const [deletion = ""] = scene.records;
  const backup = asCluster("backup", scene.backup);
  const refusing: Cluster = {
    ...backup,
    send: (request) =>
      request.path.startsWith("/understudy-tombstones")
        ? Promise.reject(new ClusterError("backup", "refused", "the disk is full"))
        : backup.send(request),
  };
  const ends = await scene.replay(deletion, 1, refusing);
  assert.equal(ends[0]?.kind, "retry");
  assert.equal(scene.document(scene.backup), '{"n":0}');
});

test("three records of one batch, one's payload lost while BACKUP is away: all orders, and again when both are back", async () => {
  for (const triple of triples.filter(([first]) => first === "index")) {
    const scene = await createScene(triple, { inlineBytesMax: 0 });
    const direct = asCluster("backup", scene.backup);
    const away: Cluster = {
      ...direct,
      send: (request) =>
        request.path === "/_bulk"
          ? Promise.reject(new ClusterError("backup", "refused", "BACKUP is away"))
          : direct.send(request),
    };
    for (const batch of permutations(scene.records)) {
      for (const lost of batch) {
        await scene.restart();
        scene.payloads.lost = lost;
        const ends = await scene.replayBatch(batch, 1, away);
        scene.payloads.lost = undefined;
        for (const [i, body] of batch.entries()) if (ends[i]?.kind === "retry") await scene.replay(body, 2);
        assertEqual(
          scene,
          `${triple}, ${batch.indexOf(lost)} of ${batch.map((r) => scene.records.indexOf(r))} lost`,
        );
      }
    }
  }
});
