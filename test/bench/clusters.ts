import * as v from "valibot";
import { mapping } from "./documents.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { send, sendBulk } from "./http-client.ts";

/** Where the two clusters answer. */
export interface Clusters {
  readonly primary: string;
  readonly backup: string;
  /** BACKUP's process, to freeze it; `undefined` when the servers are not the benchmark's own. */
  readonly backupPid: number | undefined;
}

const counted = v.object({ count: v.number() });

const definition = JSON.stringify({
  settings: { number_of_shards: 1, number_of_replicas: 0 },
  mappings: mapping,
});

/** The same new index on both clusters. */
export async function createIndices(clusters: Clusters, index: string): Promise<void> {
  await Promise.all(
    [clusters.primary, clusters.backup].map((endpoint) => send(endpoint, "PUT", `/${index}`, definition)),
  );
}

/**
 * A new index as clients make one: through the gateway, which has its first document on BACKUP before this resolves.
 * (One that was made behind the gateway is compared as a whole first; that belongs to `seed`.)
 * @returns how many documents it holds.
 */
export async function createThrough(gateway: GatewayProcess, index: string): Promise<number> {
  await send(gateway.endpoint, "PUT", `/${index}`, definition);
  await gateway.drained(100);
  await sendBulk(gateway.endpoint, index, Buffer.from('{"index":{"_id":"first"}}\n{"order":"first"}\n'));
  await gateway.drained(100);
  return 1;
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
