import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, serverAccount } from "../../infra/local/servers/account.ts";
import type { Release } from "../../infra/local/servers/catalogue.ts";
import { unpack } from "../../infra/local/servers/distribution.ts";
import { copyArtifact } from "../../infra/local/servers/maven.ts";

/** The release whose suite is published nearest to a server's. */
const published: Readonly<Record<string, string>> = {
  "elasticsearch-7.17.28": "7.10.2",
  "opensearch-2.19.1": "2.19.0",
  "opensearch-3.8.0": "2.19.0",
};

/**
 * The folder with `api/` and `test/` of the product's own REST tests for the release; fetched through Maven the first
 * time. Rejects with what is missing.
 */
export async function fetchSuite({ product, version }: Release): Promise<string> {
  const suite = published[`${product}-${version}`] ?? version;
  const name = `rest-api-spec-${product}-${suite}`;
  const cache = await cacheFolder(await serverAccount());
  const home = join(cache, name);
  const inside = join(home, "rest-api-spec");
  if (await exists(inside)) return inside;
  const workplace = await mkdtemp(join(cache, ".fetching-"));
  try {
    const coordinates = `org.${product}:rest-api-spec:${suite}:jar`;
    await copyArtifact({ coordinates, title: `${product}'s own REST tests` }, workplace);
    await unpack(join(workplace, `rest-api-spec-${suite}.jar`), workplace);
    await rename(workplace, home).catch(async (error: unknown) => {
      // Another process was first.
      if (!(await exists(inside))) throw error;
    });
    return inside;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
