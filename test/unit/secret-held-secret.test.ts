import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createHeldSecret } from "../../functions/core/secret/held-secret.ts";

/** A secret whose text, clock and failures the test sets; values are objects, so that identity can be seen. */
function heldSecret() {
  const at = { text: "one", nowMs: 0, broken: false, reads: 0, warnings: 0 };
  const secret = createHeldSecret(
    async () => {
      at.reads++;
      if (at.broken) throw new Error("throttled");
      return at.text;
    },
    (text) => ({ text }),
    () => at.nowMs,
    () => at.warnings++,
  );
  return { at, secret };
}

test("get() reads once for many callers, and again after 5 minutes", async () => {
  const { at, secret } = heldSecret();
  assert.equal(secret.latest(), undefined);
  const [first] = await Promise.all([secret.get(), secret.get(), secret.get()]);
  assert.deepEqual([first, at.reads], [{ text: "one" }, 1]);
  at.text = "two";
  at.nowMs = 299_999;
  assert.equal(await secret.get(), first);
  at.nowMs = 300_000;
  assert.equal(await secret.get(), first, "nobody waits for the new one");
  await setImmediate();
  assert.deepEqual([await secret.get(), at.reads], [{ text: "two" }, 2]);
});

test("get() keeps the old value while reading fails, and says so", async () => {
  const { at, secret } = heldSecret();
  const first = await secret.get();
  Object.assign(at, { broken: true, nowMs: 300_000 });
  assert.equal(await secret.get(), first);
  assert.equal(at.warnings, 1);
  assert.equal(await secret.get(), first);
  assert.equal(at.reads, 2, "not again for every request");
});

test("get() throws as long as there is no value, without the reason, and tries again", async () => {
  const { at, secret } = heldSecret();
  at.broken = true;
  await assert.rejects(secret.get(), { message: /^the service's own credentials cannot be read/ });
  assert.equal(at.warnings, 1);
  at.broken = false;
  assert.deepEqual(await secret.get(), { text: "one" });
});

test("renew() reads a rotated secret at once, for all who were refused together", async () => {
  const { at, secret } = heldSecret();
  const first = await secret.get();
  at.text = "two";
  assert.deepEqual(await Promise.all([secret.renew(first), secret.renew(first)]), [true, true]);
  assert.deepEqual([await secret.get(), at.reads], [{ text: "two" }, 2]);
});

test("renew() reads at most once a minute, and says no where nothing has changed", async () => {
  const { at, secret } = heldSecret();
  const first = await secret.get();
  assert.equal(await secret.renew(first), false);
  at.text = "two";
  at.nowMs = 59_999;
  assert.deepEqual([await secret.renew(first), at.reads], [false, 2]);
  at.nowMs = 60_000;
  assert.deepEqual([await secret.renew(first), at.reads], [true, 3]);
});
