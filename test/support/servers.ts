import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import type { Release } from "../../infra/local/servers/catalogue.ts";
import type { Settings } from "../../infra/local/servers/installation.ts";
import type { ServerModule } from "../../infra/local/servers/modules.ts";
import { DEFAULT_BACKUP, DEFAULT_PRIMARY, type Pair, startPair } from "../../infra/local/servers/pair.ts";
import { missingRequirements } from "../../infra/local/servers/requirements.ts";
import type { RunningServer } from "../../infra/local/servers/server.ts";

export interface TestPair {
  /** Hand it to every test: the reason why there are no servers here, or `false`. */
  readonly skip: string | false;
  /** Throws where there are no servers. */
  readonly primary: RunningServer;
  readonly backup: RunningServer;
}

export interface TestPairOptions {
  /** @default Elasticsearch 7.10.2 */
  readonly primary?: Release;
  /** @default OpenSearch 2.19.1 */
  readonly backup?: Release;
  /** Of both servers. */
  readonly settings?: Settings;
  /** Of both servers: what their minimal distributions lack. @default none */
  readonly modules?: readonly ServerModule[];
}

/**
 * Two real servers for one test file, on an empty temporary folder; they are stopped after its last test.
 *
 *     const pair = await usePair();
 *     test("…", { skip: pair.skip }, async () => { await fetch(pair.primary.endpoint); });
 *
 * Without Java or Maven the tests are skipped, and the reason is printed. Any other failure rejects.
 */
export async function usePair(options: TestPairOptions = {}): Promise<TestPair> {
  const releases = [options.primary ?? DEFAULT_PRIMARY, options.backup ?? DEFAULT_BACKUP];
  const missing = await missingRequirements(releases, options.modules);
  if (missing !== undefined) return skipped(missing);
  const folder = await useServersFolder();
  const pair: Pair = await startPair({ ...options, dataDir: folder, heapMb: 512 });
  after(() => pair.stop());
  return { skip: false, primary: pair.primary, backup: pair.backup };
}

/**
 * An empty folder for servers' data that their unprivileged account can enter, removed after the file's last test.
 * (In memory where the machine has `/dev/shm`: an `fsync` costs nothing there.)
 */
export async function useServersFolder(): Promise<string> {
  const folder = await mkdtemp("/dev/shm/understudy-").catch(() => mkdtemp(join("/var/tmp", "understudy-")));
  await chmod(folder, 0o711);
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }));
  return folder;
}

function skipped(reason: string): TestPair {
  console.log(`Skipped, because there are no real servers here. ${reason}`);
  const absent = (): never => {
    throw new Error(`This test needs real servers: give it \`{ skip: pair.skip }\`. ${reason}`);
  };
  return {
    skip: reason,
    get primary() {
      return absent();
    },
    get backup() {
      return absent();
    },
  };
}
