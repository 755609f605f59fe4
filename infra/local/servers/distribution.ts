import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, serverAccount } from "./account.ts";
import { downloadMegabytes, folderName, mavenCoordinates, type Release, title } from "./catalogue.ts";
import { findJdk } from "./jdk.ts";
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
    const zip = await download(release, workplace);
    await unpack(zip, workplace);
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

let lastDownload: Promise<unknown> = Promise.resolve();

/** One at a time in this process: two Mavens that fill an empty local repository can trip over each other. */
function download(release: Release, folder: string): Promise<string> {
  const result = lastDownload.then(() => downloadNow(release, folder));
  lastDownload = result.catch(() => undefined);
  return result;
}

async function downloadNow(release: Release, folder: string): Promise<string> {
  const artifact = mavenCoordinates(release);
  const args = ["-B", "-q", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  let end = await runProgram("mvn", args);
  // Once more: another process's Maven may have been writing the same file of the local repository.
  if (end.status !== 0 && end.status !== "missing") end = await runProgram("mvn", args);
  if (end.status === "missing")
    throw new Error(`Maven (\`mvn\`) is not on the PATH; it downloads ${title(release)}.`);
  if (end.status !== 0) throw new Error(`Maven could not download ${artifact}:\n${end.output.trim()}`);
  return join(folder, `${folderName(release)}.zip`);
}

/** With `unzip`, or with the `jar` tool of the JDK that runs the release anyway. Readable for every account. */
async function unpack(zip: string, folder: string): Promise<void> {
  let end = await runProgram("unzip", ["-q", "-o", zip, "-d", folder]);
  if (end.status === "missing") {
    const jdk = await findJdk({ min: 11, max: Number.POSITIVE_INFINITY }, undefined);
    const jar = jdk === undefined ? "jar" : join(jdk.home, "bin/jar");
    end = await runProgram("/bin/sh", ["-c", 'cd -- "$0" && exec "$1" xf "$2"', folder, jar, zip]);
  }
  if (end.status !== 0) throw new Error(`${basename(zip)} could not be unpacked:\n${end.output.trim()}`);
  const modes = 'chmod -R a+rX "$0" && chmod -R a+rx "$0"/bin';
  await runProgram("/bin/sh", ["-c", modes, zip.slice(0, -".zip".length)]);
}
