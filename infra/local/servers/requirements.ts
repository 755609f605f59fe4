import { serverAccount } from "./account.ts";
import { javaRange, type Release, title } from "./catalogue.ts";
import { findJdk, type Jdk } from "./jdk.ts";
import { cachedWithModules, type ServerModule } from "./modules.ts";
import { runProgram } from "./program.ts";

/** This machine lacks what the servers need; the message says what, and the two ways out. */
export class MissingRequirementsError extends Error {
  override readonly name = "MissingRequirementsError";
}

/**
 * What this machine lacks to run the releases, as one sentence for a person, or undefined when it has everything.
 * Maven is asked for only where a distribution is not in the cache yet.
 */
export async function missingRequirements(
  releases: readonly Release[],
  modules: readonly ServerModule[] = [],
): Promise<string | undefined> {
  const account = await serverAccount();
  const missing: string[] = [];
  for (const release of releases) {
    const jdk = await findJdk(javaRange(release), account);
    if (jdk === undefined) missing.push(describeJava(release));
  }
  const cached = await Promise.all(releases.map((release) => cachedWithModules(release, modules)));
  const wanted = releases.filter((_, i) => cached[i] === undefined);
  if (wanted.length > 0 && (await runProgram("mvn", ["--version"])).status !== 0) {
    missing.push(`Maven (\`mvn\` on the PATH), which downloads ${wanted.map(title).join(" and ")}`);
  }
  return missing.length === 0 ? undefined : `Missing on this machine: ${missing.join("; ")}.`;
}

/** Throws one error that says what is missing and the two ways out of it. */
export async function requireServers(
  releases: readonly Release[],
  modules: readonly ServerModule[] = [],
): Promise<void> {
  const missing = await missingRequirements(releases, modules);
  if (missing === undefined) return;
  throw new MissingRequirementsError(
    `${missing}\nEither install what is missing, or set PRIMARY_ENDPOINT and BACKUP_ENDPOINT to clusters that run already.`,
  );
}

/** The Java for a release. Throws where `requireServers` would. */
export async function requireJdk(release: Release): Promise<Jdk> {
  const jdk = await findJdk(javaRange(release), await serverAccount());
  if (jdk === undefined) throw new Error(`Missing on this machine: ${describeJava(release)}.`);
  return jdk;
}

function describeJava(release: Release): string {
  const { min, max } = javaRange(release);
  const versions = min === max ? `${min}` : `${min} to ${max}`;
  return `Java ${versions} for ${title(release)}`;
}
