import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keptHandleKey } from "../../infra/local/handle-key.ts";

test("keptHandleKey() makes a key that only its owner can read, and finds it again", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "understudy-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const dataDir = join(folder, "data");
  const key = keptHandleKey(dataDir);
  assert.equal(key.length, 43);
  assert.equal(keptHandleKey(dataDir), key);
  assert.equal(statSync(join(dataDir, "handle-key")).mode & 0o777, 0o600);
  assert.notEqual(keptHandleKey(join(folder, "other")), key);
});
