import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdMaker } from "../../functions/core/replication/new-id.ts";

test("createIdMaker() makes ids of 20 URL-safe characters", () => {
  const newId = createIdMaker(() => 1_700_000_000_000);
  for (let i = 0; i < 100; i++) assert.match(newId(), /^[A-Za-z0-9_-]{20}$/);
});

test("createIdMaker() never repeats an id, within a millisecond and between two processes", () => {
  const makers = [createIdMaker(() => 5), createIdMaker(() => 5)];
  const ids = makers.flatMap((newId) => Array.from({ length: 50_000 }, newId));
  assert.equal(new Set(ids).size, ids.length);
});

test("createIdMaker() begins ids with the time, whose bytes grow with it", () => {
  let now = 1_700_000_000_000;
  const newId = createIdMaker(() => now);
  const times: string[] = [];
  for (let i = 0; i < 50; i++) {
    now += 997;
    times.push(Buffer.from(newId(), "base64url").toString("hex", 0, 5));
  }
  assert.deepEqual(times, [...times].sort());
  assert.equal(new Set(times).size, times.length);
});

test("createIdMaker() counts on within a millisecond, so that neighbours share all but their end", () => {
  const newId = createIdMaker(() => 1_700_000_000_000.75);
  const [first, second] = [newId(), newId()].map((id) => Buffer.from(id, "base64url"));
  assert.ok(first && second);
  assert.deepEqual(first.subarray(0, 12), second.subarray(0, 12));
  assert.equal((first.readUIntBE(12, 3) + 1) & 0xffffff, second.readUIntBE(12, 3));
});
