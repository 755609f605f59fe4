import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createIntents,
  type IntentWork,
  noIntents,
  readIntent,
} from "../../functions/core/intent/intents.ts";
import { fakeObjectStore } from "../support/fake-object-store.ts";

const keys = [
  { index: "books", id: 'é"\n', routing: undefined },
  { index: "alias", id: "__proto__", routing: undefined },
];

const work = { kind: "documents", keys } as const;

function intentsIn(store = fakeObjectStore()) {
  const warnings: unknown[] = [];
  const intents = createIntents(store, "intents/", (error) => warnings.push(error));
  return { store, intents, warnings };
}

test("declare() makes the keys and the time durable under the prefix", async () => {
  const { store, intents } = intentsIn();
  await intents.declare(work, { writtenAtMs: 1_700_000_000_000 }).durable;
  const [[name, stored] = []] = store.objects;
  assert.ok(name?.startsWith("intents/001700000000000-"), name);
  assert.deepEqual(stored && readIntent(stored.body), { work, writtenAtMs: 1_700_000_000_000 });
});

test("declare() names intents so that a listing is in the order of their time", async () => {
  const { store, intents } = intentsIn();
  for (const at of [1_700_000_000_000, 999, 20_000]) await intents.declare(work, { writtenAtMs: at }).durable;
  const listed = await store.list("intents/", 10);
  assert.deepEqual(
    listed.map(({ key }) => Number(/\/(\d+)-/.exec(key)?.[1])),
    [999, 20_000, 1_700_000_000_000],
  );
});

test("declare() gives intents of the same moment different names", async () => {
  const { store, intents } = intentsIn();
  await Promise.all([
    intents.declare(work, { writtenAtMs: 5 }).durable,
    intents.declare(work, { writtenAtMs: 5 }).durable,
  ]);
  assert.equal(store.objects.size, 2);
});

test("declare() rejects `durable` when the store fails, and nobody has to listen", async () => {
  const { store, intents } = intentsIn();
  store.failWith(new Error("down"));
  await assert.rejects(intents.declare(work, { writtenAtMs: 1 }).durable, /down/);
  intents.declare(work, { writtenAtMs: 1 });
  await new Promise((done) => setImmediate(done));
});

test("withdraw() removes the intent, once it is durable", async () => {
  const { store, intents } = intentsIn();
  const intent = intents.declare(work, { writtenAtMs: 1 });
  intent.withdraw();
  await intents.settled();
  assert.equal(store.objects.size, 0);
});

test("withdraw() never throws: a removal that fails is a warning, and the intent stays", async () => {
  const { store, intents, warnings } = intentsIn();
  const intent = intents.declare(work, { writtenAtMs: 1 });
  await intent.durable;
  store.failWith(new Error("down"));
  intent.withdraw();
  await intents.settled();
  assert.equal(warnings.length, 1);
  assert.equal(store.objects.size, 1);
});

test("noIntents is durable at once and stores nothing", async () => {
  const intent = noIntents.declare(work, { writtenAtMs: 1 });
  await intent.durable;
  intent.withdraw();
  await noIntents.settled();
});

test("readIntent() refuses what is not an intent", () => {
  const bad = ["", "hello", "[]", '{"schema":2,"writtenAtMs":1,"keys":[]}', '{"schema":1,"keys":[]}'];
  for (const text of bad) assert.equal(readIntent(Buffer.from(text)), undefined, text);
  assert.equal(readIntent(Buffer.from('{"schema":1,"writtenAtMs":1,"keys":[["a"]]}')), undefined);
});

test("readIntent() reads every kind of work back, and the intents of earlier releases", async () => {
  const works: readonly IntentWork[] = [
    { kind: "define", pattern: "a,b*" },
    { kind: "define", pattern: "t", of: "index-template" },
    { kind: "reconcile", pattern: "a,b*" },
  ];
  for (const work of works) {
    const { store, intents } = intentsIn();
    await intents.declare(work, { writtenAtMs: 7 }).durable;
    const [stored] = store.objects.values();
    assert.deepEqual(stored && readIntent(stored.body), { work, writtenAtMs: 7 });
    // What an earlier release cannot read it leaves where it is.
    assert.equal("keys" in JSON.parse(String(stored?.body)), false);
  }
  const earlier = '{"schema":1,"writtenAtMs":3,"keys":[["a","1"],["b","2","r"]]}';
  assert.deepEqual(readIntent(Buffer.from(earlier)), {
    work: {
      kind: "documents",
      keys: [
        { index: "a", id: "1", routing: undefined },
        { index: "b", id: "2", routing: "r" },
      ],
    },
    writtenAtMs: 3,
  });
});
