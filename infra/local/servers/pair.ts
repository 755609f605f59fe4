import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheFolder, canEnter, serverAccount } from "./account.ts";
import { folderName, type Release, title } from "./catalogue.ts";
import type { Progress } from "./distribution.ts";
import { requireServers } from "./requirements.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server.ts";

/** What runs when nobody names clusters: the last open-source Elasticsearch, and the product that continued it. */
export const DEFAULT_PRIMARY: Release = { product: "elasticsearch", version: "7.10.2" };
export const DEFAULT_BACKUP: Release = { product: "opensearch", version: "2.19.1" };

export interface PairOptions {
  /** The gateway's data folder; the servers' data lies in `servers/` below it. */
  readonly dataDir: string;
  /** @default Elasticsearch 7.10.2 */
  readonly primary?: Release;
  /** @default OpenSearch 2.19.1 */
  readonly backup?: Release;
  /** For each server. @default 512 */
  readonly heapMb?: number;
  readonly settings?: ServerOptions["settings"];
  /** Of both servers. @default none */
  readonly modules?: ServerOptions["modules"];
  /** Lines for a person. */
  readonly onProgress?: Progress;
}

export interface Pair {
  readonly primary: RunningServer;
  readonly backup: RunningServer;
  /** Both, in the ordinary way. */
  stop(): Promise<void>;
}

/**
 * Starts two real servers at once; the same `dataDir` finds the same data again. Rejects, with nothing left running,
 * when one of them does not come up, and says the two ways out where this machine lacks Java or Maven.
 */
export async function startPair(options: PairOptions): Promise<Pair> {
  const releases = { primary: options.primary ?? DEFAULT_PRIMARY, backup: options.backup ?? DEFAULT_BACKUP };
  await requireServers([releases.primary, releases.backup], options.modules);
  const folder = await serversFolder(resolve(options.dataDir), options.onProgress);
  const start = (role: "primary" | "backup"): Promise<RunningServer> => {
    options.onProgress?.(`Starting ${title(releases[role])} as ${role.toUpperCase()} …`);
    return startServer({
      ...releases[role],
      dataDir: join(folder, `${role}-${folderName(releases[role])}`),
      ...(options.heapMb === undefined ? {} : { heapMb: options.heapMb }),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.modules === undefined ? {} : { modules: options.modules }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
  };
  const [primary, backup] = await bothOrNone(start("primary"), start("backup"));
  return {
    primary,
    backup,
    async stop() {
      await Promise.all([primary.stop(), backup.stop()]);
    },
  };
}

/**
 * `servers/` in the data folder, or, where the servers' account cannot enter that, a folder of the cache whose name
 * follows from the data folder's path (so the next start finds it again).
 */
async function serversFolder(dataDir: string, onProgress?: Progress): Promise<string> {
  const account = await serverAccount();
  const folder = join(dataDir, "servers");
  await mkdir(folder, { recursive: true });
  if (await canEnter(account, folder)) return folder;
  const name = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  const elsewhere = join(await cacheFolder(account), `data-${name}`);
  onProgress?.(
    `The servers run as an unprivileged user who cannot enter ${dataDir}: their data is in ${elsewhere}`,
  );
  await mkdir(elsewhere, { recursive: true });
  return elsewhere;
}

async function bothOrNone(
  first: Promise<RunningServer>,
  second: Promise<RunningServer>,
): Promise<[RunningServer, RunningServer]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value];
  if (a.status === "fulfilled") await a.value.stop();
  if (b.status === "fulfilled") await b.value.stop();
  throw a.status === "rejected" ? a.reason : b.status === "rejected" ? b.reason : undefined;
}
