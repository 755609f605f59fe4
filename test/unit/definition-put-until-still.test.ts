import assert from "node:assert/strict";
import { test } from "node:test";
import { putUntilStill } from "../../functions/core/definition/put-until-still.ts";

/** PRIMARY's value is another one after each of these puts; `looks` counts how often it was asked. */
function changing(...later: readonly number[]) {
  const [put, waiting]: [number[], number[]] = [[], [...later]];
  let [now, looks] = [0, 0];
  const run = (changes = true) =>
    putUntilStill(
      now,
      async (seen) => {
        put.push(seen);
        now = waiting.shift() ?? now;
        return changes;
      },
      async () => {
        looks += 1;
        return now;
      },
    );
  return { run, put, looks: () => looks };
}

test("putUntilStill() puts once what PRIMARY still has afterwards", async () => {
  const { run, put, looks } = changing();
  await run();
  assert.deepEqual(put, [0]);
  assert.equal(looks(), 1);
});

test("putUntilStill() puts again what PRIMARY has by then", async () => {
  const { run, put } = changing(1, 2);
  await run();
  assert.deepEqual(put, [0, 1, 2]);
});

test("putUntilStill() does not look where nothing was different: it undid nothing", async () => {
  const { run, looks } = changing(1);
  await run(false);
  assert.equal(looks(), 0);
});

test("putUntilStill() gives up on a PRIMARY that never keeps still: each change has a record of its own", async () => {
  const { run, put } = changing(...Array.from({ length: 100 }, (_, i) => i + 1));
  await run();
  assert.equal(put.length, 5);
});
