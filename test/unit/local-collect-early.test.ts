import assert from "node:assert/strict";
import { test } from "node:test";
import { createEarlyCollection } from "../../infra/local/collect-early.ts";

const mb = 1_000_000;

function world(garbageMb: number) {
  const memory = { residentMb: 300, bufferMb: 0, collections: 0 };
  const look = createEarlyCollection({
    residentBytes: () => memory.residentMb * mb,
    bufferBytes: () => memory.bufferMb * mb,
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

test("createEarlyCollection() collects when the process is large and its buffers have grown by 16 MB", () => {
  const { at } = world(10);
  assert.equal(at(15), 0);
  assert.equal(at(20), 1);
  // 10 MB were in use.
  assert.equal(at(25), 1);
  assert.equal(at(26), 2);
});

test("createEarlyCollection() lets a small process be", () => {
  const { memory, at } = world(10);
  memory.residentMb = 200;
  assert.equal(at(100), 0);
});

test("createEarlyCollection() counts from the least that there was since", () => {
  const { at } = world(0);
  assert.equal(at(40), 1);
  assert.equal(at(10), 1);
  assert.equal(at(25), 1);
  assert.equal(at(26), 2);
});
