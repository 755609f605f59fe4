import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, serverAccount } from "./account.ts";
import { downloadMegabytes, folderName, mavenCoordinates, type Release, title } from "./catalogue.ts";
import { findJdk } from "./jdk.ts";
import { copyArtifact } from "./maven.ts";
import { runProgram } from "./program.ts";

export type Progress = (line: string) => void;

/** Where the release lies unpacked, or undefined while it was not fetched. */
export async function cachedDistribution(release: Release): Promise<string | undefined> {
  const home = join(await cacheFolder(await serverAccount()), folderName(release));
  return access(home).then(
    () => home,
    () => undefined,
  );
}

/**
 * The folder of the unpacked release; downloads it through Maven's own client the first time. The folder appears
 * complete or not at all, so any number of processes may ask at once. Rejects with Maven's own words.
 */
export async function fetchDistribution(
  release: Release,
  options: { progress?: Progress } = {},
): Promise<string> {
  const cached = await cachedDistribution(release);
  if (cached !== undefined) return cached;
  const cache = await cacheFolder(await serverAccount());
  const workplace = await mkdtemp(join(cache, ".fetching-"));
  try {
    const megabytes = downloadMegabytes(release);
    options.progress?.(`Fetching ${title(release)}${megabytes === undefined ? "" : ` (${megabytes} MB)`} …`);
    await copyArtifact({ coordinates: mavenCoordinates(release), title: title(release) }, workplace);
    await unpack(join(workplace, `${folderName(release)}.zip`), workplace);
    await openToOthers(join(workplace, folderName(release)));
    const home = join(cache, folderName(release));
    await rename(join(workplace, folderName(release)), home).catch(async (error: unknown) => {
      // Another process was first, and its folder is as good as ours.
      if ((await cachedDistribution(release)) === undefined) throw error;
    });
    return home;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** Unpacks a zip or a jar, with `unzip`, or with the `jar` tool of the JDK that runs the servers anyway. */
export async function unpack(archive: string, folder: string): Promise<void> {
  let end = await runProgram("unzip", ["-q", "-o", archive, "-d", folder]);
  if (end.status === "missing") {
    const jdk = await findJdk({ min: 11, max: Number.POSITIVE_INFINITY }, undefined);
    const jar = jdk === undefined ? "jar" : join(jdk.home, "bin/jar");
    end = await runProgram("/bin/sh", ["-c", 'cd -- "$0" && exec "$1" xf "$2"', folder, jar, archive]);
  }
  if (end.status !== 0) throw new Error(`${basename(archive)} could not be unpacked:\n${end.output.trim()}`);
}

/** The servers' account reads and runs what lies there. */
async function openToOthers(home: string): Promise<void> {
  await runProgram("/bin/sh", ["-c", 'chmod -R a+rX "$0" && chmod -R a+rx "$0"/bin', home]);
}
