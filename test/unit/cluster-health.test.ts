import assert from "node:assert/strict";
import { test } from "node:test";
import { createHealth } from "../../functions/core/cluster/health.ts";

function clocked() {
  let at = 1000;
  const health = createHealth({ downForMs: 2000, now: () => at });
  const after = (ms: number) => {
    at += ms;
  };
  return { health, after };
}

test("createHealth() starts as up, and a failure takes the cluster down for a while", () => {
  const { health, after } = clocked();
  assert.equal(health.isDown(), false);
  health.failed();
  assert.equal(health.isDown(), true);
  after(1999);
  assert.equal(health.isDown(), true);
  assert.equal(health.state(), "down");
});

test("isDown() lets one caller probe after the while, the others stay away", () => {
  const { health, after } = clocked();
  health.failed();
  after(2000);
  assert.deepEqual([health.isDown(), health.isDown(), health.isDown()], [false, true, true]);
  health.failed();
  after(1999);
  assert.equal(health.isDown(), true);
  after(1);
  assert.equal(health.isDown(), false);
  health.succeeded();
  assert.deepEqual([health.isDown(), health.isDown(), health.state()], [false, false, "up"]);
});

test("isDown() replaces a probe that never reports", () => {
  const { health, after } = clocked();
  health.failed();
  after(2000);
  assert.equal(health.isDown(), false);
  after(2000);
  assert.deepEqual([health.isDown(), health.isDown()], [false, true]);
});

test("state() takes no probe", () => {
  const { health, after } = clocked();
  health.failed();
  after(2000);
  assert.equal(health.state(), "down");
  assert.equal(health.isDown(), false);
});
