import { createCluster } from "../../functions/core/cluster/opensearch-cluster.ts";
import type { Cluster, ClusterName } from "../../functions/core/cluster/port.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { readPage } from "../../functions/core/truth/index-page.ts";
import { readStoredDocuments } from "../../functions/core/truth/stored-documents.ts";
import { readNamedIndices } from "../../infra/cli/named-indices.ts";

/**
 * One line for each document whose `_version` on BACKUP is not PRIMARY's sequence number, encoded. Pages hold 1000
 * documents of a shard: enough for these tests.
 */
export async function versionDifferences(endpoints: {
  readonly primary: string;
  readonly backup: string;
}): Promise<readonly string[]> {
  const primary = clusterAt("primary", endpoints.primary);
  const backup = clusterAt("backup", endpoints.backup);
  const differences: string[] = [];
  try {
    for (const { index, shards } of (await readNamedIndices(primary, "*")).values()) {
      for (let shard = 0; shard < shards; shard++) {
        const page = await readPage(primary, index, shard, "-1");
        const keys = page.map(({ id, routing }) => ({ index, id, routing }));
        const held = await readStoredDocuments(backup, keys, { withSource: false });
        for (const [i, { id, primaryTerm, seqNo }] of page.entries()) {
          const document = held[i];
          const wanted = encodeVersion(index, 0, primaryTerm, seqNo);
          const found = document?.kind === "found" ? document.version : document?.kind;
          if (found !== wanted) differences.push(`${index}/${id} has version ${found} instead of ${wanted}`);
        }
      }
    }
    return differences;
  } finally {
    await Promise.all([primary.close(), backup.close()]);
  }
}

function clusterAt(name: ClusterName, endpoint: string): Cluster {
  return createCluster({
    name,
    endpoints: [new URL(endpoint)],
    maxQpsPerNode: 10_000,
    maxBytesPerNode: 1e9,
    maxConnectionPerNode: 20,
    discovery: "off",
    requestTimeoutMs: 30_000,
    connectTimeoutMs: 5000,
    limitWaitMs: 5000,
  });
}
