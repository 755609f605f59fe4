import assert from "node:assert/strict";
import { test } from "node:test";
import { createBackupGuard } from "../../functions/search/backup-guard.ts";
import { searchWithFailover } from "../../functions/search/search-with-failover.ts";
import { clusterError, fakeCluster, lineOf, noAnswer } from "../support/fake-cluster.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { reading } from "../support/fake-search-services.ts";

test("createBackupGuard() lets reads through to a BACKUP that refuses strangers, and asks it once a minute", async () => {
  let nowMs = 0;
  const backup = fakeCluster("backup", () => clusterError(401, "security_exception"));
  const guard = createBackupGuard(backup, () => nowMs);
  assert.equal(await guard(), undefined);
  nowMs = 59_999;
  assert.equal(await guard(), undefined);
  assert.equal(backup.requests.length, 1);
  // Anything but no header at all, for which the adapter would put in the service's credentials.
  assert.deepEqual(backup.requests[0]?.headers, { authorization: "" });
  assert.equal(backup.requests[0] && lineOf(backup.requests[0]), "GET /_search");
  nowMs = 60_000;
  backup.answer(() => ({ body: {} }));
  assert.match(String(await guard()), /asks nobody for credentials/);
});

test("createBackupGuard() keeps reads from a BACKUP that does not tell, and asks it again each time", async () => {
  let nowMs = 0;
  const backup = fakeCluster("backup", () => ({ body: {} }));
  const guard = createBackupGuard(backup, () => nowMs);
  assert.match(String(await guard()), /asks nobody/);
  nowMs = 60_000;
  const silent = [
    noAnswer("backup", "timeout"),
    noAnswer("backup", "limited"),
    () => clusterError(503, "search_phase_execution_exception"),
    () => clusterError(429, "es_rejected_execution_exception"),
  ];
  for (const answering of silent) {
    backup.answer(answering);
    assert.match(String(await guard()), /did not say/);
  }
  backup.answer(() => clusterError(403, "security_exception"));
  assert.equal(await guard(), undefined);
});

test("searchWithFailover() does not fall back to a BACKUP that checks nobody, where nobody else does", async () => {
  const { services } = reading(noAnswer("primary", "refused"));
  const backup = fakeCluster("backup", () => ({ body: "everything" }));
  const guarded = { ...services, backup, backupGuard: createBackupGuard(backup, () => 0) };
  const headers = { authorization: "Basic anything" };
  const answer = await searchWithFailover(fakeRequest("GET /a/_search", "", { headers }), guarded);
  assert.equal(answer.status, 503);
  assert.match(answer.body.toString(), /asks nobody for credentials/);
});
