import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  return inTurn(artifact, [
    "dependency:copy",
    `-Dartifact=${artifact.coordinates}`,
    `-DoutputDirectory=${folder}`,
  ]);
}

/** As `copyArtifact`, with all that the artifact needs to run. Leaves a `pom.xml` beside the `jars` folder. */
export async function copyWithDependencies(artifact: Artifact, folder: string): Promise<void> {
  const [group, name, version] = artifact.coordinates.split(":");
  const identity = "<groupId>understudy</groupId><artifactId>copy</artifactId><version>1</version>";
  const wanted = `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`;
  const pom = join(folder, "pom.xml");
  await writeFile(
    pom,
    `<project><modelVersion>4.0.0</modelVersion>${identity}<dependencies><dependency>${wanted}</dependency></dependencies></project>`,
  );
  const output = `-DoutputDirectory=${join(folder, "jars")}`;
  await inTurn(artifact, ["-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime", output]);
}

function inTurn(artifact: Artifact, args: readonly string[]): Promise<void> {
  const result = last.then(() => runMaven(artifact, ["-B", "-q", ...args]));
  last = result.catch(() => undefined);
  return result;
}

async function runMaven({ coordinates, title }: Artifact, args: readonly string[]): Promise<void> {
  let end = await runProgram("mvn", args);
  // Once more: another process's Maven may have been writing the same file of the local repository.
  if (end.status !== 0 && end.status !== "missing") end = await runProgram("mvn", args);
  if (end.status === "missing") throw new Error(`Maven (\`mvn\`) is not on the PATH; it downloads ${title}.`);
  if (end.status !== 0) throw new Error(`Maven could not download ${coordinates}:\n${end.output.trim()}`);
}
