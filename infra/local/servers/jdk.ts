import { readdir, readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Account, canEnter } from "./account.ts";
import type { JavaRange } from "./catalogue.ts";

export interface Jdk {
  readonly home: string;
  readonly major: number;
}

/** Folders whose children are Java homes, or have theirs in `Contents/Home` (macOS). */
const INSTALL_FOLDERS = [
  "/usr/lib/jvm",
  "/usr/java",
  "/opt",
  "/opt/java",
  "/Library/Java/JavaVirtualMachines",
  join(homedir(), ".sdkman/candidates/java"),
  join(homedir(), ".jdks"),
];

/**
 * The oldest installed Java within the range that the account can run, from `JAVA_HOME`, `java` on the PATH and the
 * usual folders. Undefined when there is none. The version is read from the home's `release` file.
 */
export async function findJdk(range: JavaRange, account: Account | undefined): Promise<Jdk | undefined> {
  const found: Jdk[] = [];
  for (const home of await candidateHomes()) {
    const major = await majorVersion(home);
    if (major === undefined || major < range.min || major > range.max) continue;
    if (await canEnter(account, join(home, "bin"))) found.push({ home, major });
  }
  return found.sort((a, b) => a.major - b.major)[0];
}

async function candidateHomes(): Promise<string[]> {
  const homes: string[] = [];
  const javaHome = process.env.JAVA_HOME;
  if (javaHome) homes.push(javaHome);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const java = await realpath(join(folder, "java")).catch(() => undefined);
    if (java !== undefined) homes.push(dirname(dirname(java)));
  }
  for (const folder of INSTALL_FOLDERS) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) homes.push(join(folder, name), join(folder, name, "Contents/Home"));
  }
  return homes;
}

async function majorVersion(home: string): Promise<number | undefined> {
  const release = await readFile(join(home, "release"), "utf8").catch(() => "");
  // `1.8.0_402` before Java 9, `17.0.15` since.
  const version = /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(release)?.[1];
  return version === undefined ? undefined : Number(version);
}
