import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import {
  createReleaseReader,
  hasTypes,
  type Release,
  unsupported,
  versionNumber,
} from "../../functions/core/cluster/release.ts";
import { type Answering, clusterError, fakeCluster, noAnswer } from "../support/fake-cluster.ts";

/** What a cluster says of itself: `GET /`, and its nodes' versions. */
function says(root: unknown, ...nodes: readonly string[]): Answering {
  return ({ path }) => {
    if (path === "/") return root === undefined ? clusterError(405, "unknown") : { body: { version: root } };
    const named = nodes.map((version, i): [string, unknown] => [`n${i}`, { version }]);
    return nodes.length === 0
      ? clusterError(403, "security_exception")
      : { body: { nodes: Object.fromEntries(named) } };
  };
}

const release = (answering: Answering): Promise<Release> =>
  createReleaseReader(fakeCluster("backup", answering), () => 0)();

test("release() is the product of the root and the oldest of the nodes' versions", async () => {
  const rolling = says({ number: "2.19.1", distribution: "opensearch" }, "2.19.1", "2.9.0", "2.11.1");
  assert.deepEqual(await release(rolling), { product: "opensearch", version: "2.9.0" });
  assert.deepEqual(await release(says({ number: "7.17.28" }, "7.17.28")), {
    product: "elasticsearch",
    version: "7.17.28",
  });
});

test("release() is not taken in by a root that names another version", async () => {
  const disguised = says({ number: "7.10.2", distribution: "opensearch" }, "1.3.20");
  assert.deepEqual(await release(disguised), { product: "opensearch", version: "1.3.20" });
});

test("release() makes do with one of the two answers", async () => {
  assert.deepEqual(await release(says(undefined, "9.2.0")), { product: "elasticsearch", version: "9.2.0" });
  const hidden = says({ number: "2.19.1", distribution: "opensearch" });
  assert.deepEqual(await release(hidden), { product: "opensearch", version: "2.19.1" });
  await assert.rejects(release(says(undefined)), ClusterError);
});

test("release() is asked for again after a while: the cluster may have been upgraded", async () => {
  const cluster = fakeCluster("backup", says({ number: "7.17.28" }, "7.17.28"));
  let nowMs = 0;
  const read = createReleaseReader(cluster, () => nowMs);
  await Promise.all([read(), read()]);
  assert.equal(cluster.requests.length, 2);
  cluster.answer(says({ number: "8.19.0" }, "8.19.0"));
  nowMs = 29_000;
  assert.equal((await read()).version, "7.17.28");
  nowMs = 31_000;
  // Nobody waits for it.
  assert.equal((await read()).version, "7.17.28");
  await setImmediate();
  assert.equal((await read()).version, "8.19.0");
  cluster.answer(says({ number: "9.2.0" }, "9.2.0"));
  nowMs = 10_000_000;
  assert.equal((await read()).version, "9.2.0");
});

test("release() keeps its last answer while the cluster is away, and asks at once when it had none", async () => {
  const cluster = fakeCluster("backup", noAnswer("backup", "refused"));
  let nowMs = 0;
  const read = createReleaseReader(cluster, () => nowMs);
  await assert.rejects(read(), ClusterError);
  cluster.answer(says({ number: "7.17.28" }, "7.17.28"));
  assert.equal((await read()).version, "7.17.28");
  cluster.answer(noAnswer("backup", "refused"));
  nowMs = 60_000;
  assert.equal((await read()).version, "7.17.28");
});

test("unsupported() refuses Elasticsearch before 6.8 in words, and tries what is newer", () => {
  const refusal = (product: Release["product"], version: string) =>
    unsupported("primary", { product, version });
  assert.equal(
    refusal("elasticsearch", "5.6.16"),
    "PRIMARY is Elasticsearch 5.6.16, which is not supported: Elasticsearch 6.8 and 7 to 9, OpenSearch 1 to 3 are",
  );
  assert.match(refusal("elasticsearch", "6.7.2") ?? "", /not supported/);
  for (const version of ["6.8.0", "7.10.2", "10.0.0"])
    assert.equal(refusal("elasticsearch", version), undefined);
  assert.equal(refusal("opensearch", "1.0.0"), undefined);
});

test("hasTypes() and versionNumber() tell 6 from 7 and 10 from 9", () => {
  assert.ok(hasTypes({ product: "elasticsearch", version: "6.8.23" }));
  assert.ok(!hasTypes({ product: "elasticsearch", version: "7.0.0" }));
  assert.ok(!hasTypes({ product: "opensearch", version: "1.3.20" }));
  assert.ok(versionNumber("7.10.2") > versionNumber("7.9.3"));
  assert.ok(versionNumber("10.0.0") > versionNumber("9.99.9"));
});
