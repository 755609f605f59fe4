import assert from "node:assert/strict";
import { test } from "node:test";
import { createEarlyCollection, lookingAfterwards } from "../../infra/local/collect-early.ts";

const mb = 1_000_000;

function world(garbageMb: number) {
  const memory = { heapMb: 155, bufferMb: 0, collections: 0 };
  const look = createEarlyCollection({
    usage: () => ({ heapBytes: memory.heapMb * mb, bufferBytes: memory.bufferMb * mb }),
    collect: () => {
      memory.collections++;
      memory.bufferMb -= garbageMb;
    },
  });
  const at = (bufferMb: number) => {
    memory.bufferMb = bufferMb;
    look();
    return memory.collections;
  };
  return { memory, at };
}

test("createEarlyCollection() collects when much is used and buffers have grown by 16 MB", () => {
  const { at } = world(10);
  assert.equal(at(15), 0);
  assert.equal(at(20), 1);
  // 10 MB were in use.
  assert.equal(at(25), 1);
  assert.equal(at(26), 2);
});

test("createEarlyCollection() lets be while little is used", () => {
  const { memory, at } = world(10);
  memory.heapMb = 40;
  assert.equal(at(100), 0);
  assert.equal(at(130), 1);
});

test("createEarlyCollection() counts from the least that there was since", () => {
  const { at } = world(0);
  assert.equal(at(40), 1);
  assert.equal(at(12), 1);
  assert.equal(at(27), 1);
  assert.equal(at(28), 2);
});

test("lookingAfterwards() looks after each event, its answer first, and after a failure as well", async () => {
  const order: string[] = [];
  const handler = lookingAfterwards(
    async (event: string) => {
      order.push(event);
      if (event === "bad") throw new Error("no");
      return event;
    },
    () => void order.push("look"),
  );
  const looked = () => new Promise((resolve) => setImmediate(resolve));
  assert.equal(await handler("good", undefined), "good");
  order.push("answered");
  await looked();
  await assert.rejects(handler("bad", undefined), /no/);
  await looked();
  assert.deepEqual(order, ["good", "answered", "look", "bad", "look"]);
});
