import assert from "node:assert/strict";
import { test } from "node:test";
import { createShield } from "../../functions/core/definition/shield.ts";
import { clusterError, fakeCluster, lineOf } from "../support/fake-cluster.ts";
import { fakeNamedDefinitions } from "../support/fake-named-definitions.ts";

test("createShield() puts the shield up where it is not, and leaves it alone where it is", async () => {
  const { cluster, changes, definitions } = fakeNamedDefinitions("backup");
  const shield = createShield(cluster);
  assert.equal(await shield.raise(), undefined);
  assert.equal(await shield.raise(), undefined);
  assert.deepEqual(changes(), ["PUT /_index_template/understudy-shield"]);
  const { index_patterns, priority } = definitions.get("/_index_template/understudy-shield") ?? {};
  // A template with the pattern `*` is not for hidden indices.
  assert.deepEqual([index_patterns, priority], [["**", ".*"], Number.MAX_SAFE_INTEGER]);
});

test("createShield() says why there is none, and fails where BACKUP cannot be asked", async () => {
  const old = fakeCluster("backup", (request) =>
    lineOf(request).startsWith("GET")
      ? clusterError(404, "missing")
      : clusterError(405, "unknown", "no such thing"),
  );
  assert.match((await createShield(old).raise()) ?? "", /no such thing/);
  await assert.rejects(createShield(fakeCluster("backup", () => clusterError(503, "blocked"))).raise());
});

test("createShield() says why there is none where BACKUP's user may not read or put templates", async () => {
  const denied = clusterError(403, "security_exception", "no permissions");
  assert.match((await createShield(fakeCluster("backup", () => denied)).raise()) ?? "", /no permissions/);
  const reads = fakeCluster("backup", ({ method }) =>
    method === "GET" ? clusterError(404, "missing") : denied,
  );
  assert.match((await createShield(reads).raise()) ?? "", /no permissions/);
});
