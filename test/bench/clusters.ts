import * as v from "valibot";
import { mapping } from "./documents.ts";
import { send } from "./http-client.ts";

/** Where the two clusters answer. */
export interface Clusters {
  readonly primary: string;
  readonly backup: string;
  /** BACKUP's process, to freeze it; `undefined` when the servers are not the benchmark's own. */
  readonly backupPid: number | undefined;
}

const counted = v.object({ count: v.number() });

/** The same new index on both clusters. */
export async function createIndices(clusters: Clusters, index: string): Promise<void> {
  const body = JSON.stringify({
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: mapping,
  });
  await Promise.all(
    [clusters.primary, clusters.backup].map((endpoint) => send(endpoint, "PUT", `/${index}`, body)),
  );
}

export async function deleteIndices(clusters: Clusters, index: string): Promise<void> {
  await Promise.all(
    [clusters.primary, clusters.backup].map((endpoint) => send(endpoint, "DELETE", `/${index}`)),
  );
}

/** Throws unless both clusters hold exactly so many documents. */
export async function assertLevel(clusters: Clusters, index: string, documents: number): Promise<void> {
  for (const endpoint of [clusters.primary, clusters.backup]) {
    await send(endpoint, "POST", `/${index}/_refresh`);
    const { body } = await send(endpoint, "GET", `/${index}/_count`);
    const { count } = v.parse(counted, JSON.parse(body.toString()));
    if (count !== documents) throw new Error(`${endpoint} holds ${count} of ${documents} documents`);
  }
}
