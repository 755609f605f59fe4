import { runProgram } from "./program.ts";

export interface Artifact {
  /** `group:artifact:version:packaging` */
  readonly coordinates: string;
  /** How a person calls it. */
  readonly title: string;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Downloads the artifact into the folder, through Maven's own client. One at a time in this process: two Mavens that
 * fill an empty local repository can trip over each other. Rejects with Maven's own words.
 */
export function copyArtifact(artifact: Artifact, folder: string): Promise<void> {
  const result = last.then(() => copyNow(artifact, folder));
  last = result.catch(() => undefined);
  return result;
}

async function copyNow({ coordinates, title }: Artifact, folder: string): Promise<void> {
  const args = ["-B", "-q", "dependency:copy", `-Dartifact=${coordinates}`, `-DoutputDirectory=${folder}`];
  let end = await runProgram("mvn", args);
  // Once more: another process's Maven may have been writing the same file of the local repository.
  if (end.status !== 0 && end.status !== "missing") end = await runProgram("mvn", args);
  if (end.status === "missing") throw new Error(`Maven (\`mvn\`) is not on the PATH; it downloads ${title}.`);
  if (end.status !== 0) throw new Error(`Maven could not download ${coordinates}:\n${end.output.trim()}`);
}
