import { chown, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Account, canEnter, giveFolder } from "./account.ts";
import type { Release } from "./catalogue.ts";
import type { Jdk } from "./jdk.ts";

export type Settings = Readonly<Record<string, string | number | boolean>>;

/** Everything a server needs to be started, any number of times. */
export interface Installation {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly account: Account | undefined;
  /** What the server prints, of the last start only. */
  readonly console: string;
}

export interface InstallationPlan {
  readonly release: Release;
  /** The unpacked distribution, which stays as it is. */
  readonly home: string;
  readonly jdk: Jdk;
  readonly account: Account | undefined;
  readonly dataDir: string;
  readonly port: number;
  readonly transportPort: number;
  readonly heapMb: number;
  readonly settings: Settings;
}

/**
 * Prepares `dataDir` (data, logs, configuration and temporary files, all owned by the account) and says how to start
 * the server on it. Rejects where the account cannot enter `dataDir`.
 */
export async function prepareInstallation(plan: InstallationPlan): Promise<Installation> {
  const { account, dataDir, home, release } = plan;
  const folder = (name: string): string => join(dataDir, name);
  await giveFolder(account, dataDir);
  if (!(await canEnter(account, dataDir))) {
    throw new Error(
      `The servers' account (uid ${account?.uid}) cannot enter ${dataDir}: a folder above it is closed to others.`,
    );
  }
  await rm(folder("tmp"), { recursive: true, force: true });
  for (const name of ["data", "logs", "config", "tmp"]) await giveFolder(account, folder(name));
  await copyConfiguration(join(home, "config"), folder("config"), folder("logs"), account);

  const prefix = release.product === "elasticsearch" ? "ES" : "OPENSEARCH";
  return {
    command: join(home, "bin", release.product),
    args: Object.entries(serverSettings(plan)).map(([name, value]) => `-E${name}=${value}`),
    env: {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      HOME: dataDir,
      JAVA_HOME: plan.jdk.home,
      [`${prefix}_JAVA_HOME`]: plan.jdk.home,
      [`${prefix}_PATH_CONF`]: folder("config"),
      [`${prefix}_TMPDIR`]: folder("tmp"),
      [`${prefix}_JAVA_OPTS`]: `-Xms${plan.heapMb}m -Xmx${plan.heapMb}m`,
    },
    account,
    console: join(folder("logs"), "console.log"),
  };
}

function serverSettings(plan: InstallationPlan): Settings {
  const { release } = plan;
  const major = Number(release.version.split(".")[0]);
  const elasticsearch = release.product === "elasticsearch";
  return {
    "cluster.name": "understudy-local",
    "node.name": "node-1",
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "http.port": plan.port,
    [elasticsearch && major < 7 ? "transport.tcp.port" : "transport.port"]: plan.transportPort,
    "path.data": join(plan.dataDir, "data"),
    "path.logs": join(plan.dataDir, "logs"),
    // A nearly full disk must not make a test's indices read-only.
    "cluster.routing.allocation.disk.threshold_enabled": false,
    ...(elasticsearch && major >= 8 ? { "xpack.security.enabled": false } : {}),
    ...plan.settings,
  };
}

/** The servers write a keystore beside their configuration, so each gets a copy of its own. */
async function copyConfiguration(
  from: string,
  to: string,
  logs: string,
  account: Account | undefined,
): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = join(to, entry.name);
    if (entry.isDirectory()) await mkdir(target, { recursive: true });
    else if (entry.name === "jvm.options") {
      await writeFile(target, jvmOptions(await readFile(join(from, entry.name), "utf8"), logs));
    } else await copyFile(join(from, entry.name), target);
    if (account !== undefined) await chown(target, account.uid, account.gid);
  }
}

/**
 * The distribution's Java options without those that write into its own folder (garbage collection log, heap dump),
 * which the account must not, and which nobody reads.
 */
function jvmOptions(text: string, logs: string): string {
  const writes = /HeapDump|ErrorFile|-Xlog:gc|-Xloggc|PrintGC|PrintTenuring|GCLogFile/;
  const kept = text.split("\n").filter((line) => line.startsWith("#") || !writes.test(line));
  return [...kept, `-XX:ErrorFile=${join(logs, "hs_err_pid%p.log")}`, ""].join("\n");
}
