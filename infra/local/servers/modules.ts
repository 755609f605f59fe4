import { access, cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, serverAccount } from "./account.ts";
import { folderName, type Release, title } from "./catalogue.ts";
import { cachedDistribution, fetchDistribution, type Progress } from "./distribution.ts";
import { copyWithDependencies } from "./maven.ts";
import { runProgram } from "./program.ts";

/** What every normal distribution has and the minimal ones lack: by-query writes and reindex; scripts; processors. */
export type ServerModule = "reindex" | "lang-painless" | "ingest-common";

interface ModulePlan {
  /** Of the class that the server loads, without `Plugin`. */
  readonly className: string;
  readonly extended: string;
  /** What the server's security manager must allow it. */
  readonly permissions: readonly string[];
}

const PLANS: Readonly<Record<ServerModule, ModulePlan>> = {
  reindex: { className: "index.reindex.Reindex", extended: "", permissions: [] },
  "lang-painless": {
    className: "painless.Painless",
    extended: "",
    permissions: ["createClassLoader", "getClassLoader"],
  },
  "ingest-common": { className: "ingest.common.IngestCommon", extended: "lang-painless", permissions: [] },
};

/**
 * Maven's coordinates, or undefined where nobody publishes the module for the release. OpenSearch publishes all of
 * them from 2.0 on; for Elasticsearch 5 to 7.10.2 the CodeLibs project does (not every 6.8); Elasticsearch itself
 * published only `reindex`, up to 7.17, as a part of its former Java client.
 */
function moduleCoordinates({ product, version }: Release, module: ServerModule): string | undefined {
  const major = Number(version.split(".")[0]);
  if (product === "opensearch") {
    const name = module === "reindex" ? "reindex-client" : module;
    return major >= 2 || module === "reindex" ? `org.opensearch.plugin:${name}:${version}` : undefined;
  }
  if (version === "7.10.2") return `org.codelibs.elasticsearch.module:${module}:${version}`;
  return module === "reindex" && major < 8 ? `org.elasticsearch.plugin:reindex-client:${version}` : undefined;
}

/** Where the release lies with the modules in it, or undefined while it was not fetched so. */
export async function cachedWithModules(
  release: Release,
  modules: readonly ServerModule[],
): Promise<string | undefined> {
  const home = await cachedDistribution(release);
  const extended = home && (await extendedHome(home, modules));
  return extended && (await exists(extended)) ? extended : undefined;
}

/**
 * The folder of the unpacked release with the modules in it: the bare one, or a copy beside it in the cache, fetched
 * through Maven the first time. Rejects where nobody publishes one of them for the release.
 */
export async function fetchWithModules(
  release: Release,
  modules: readonly ServerModule[],
  options: { progress?: Progress } = {},
): Promise<string> {
  const home = await fetchDistribution(release, options);
  const extended = await extendedHome(home, modules);
  if (await exists(extended)) return extended;
  const workplace = await mkdtemp(join(await cacheFolder(await serverAccount()), ".fetching-"));
  try {
    const copy = join(workplace, folderName(release));
    await cp(home, copy, { recursive: true });
    for (const module of await lackingIn(home, modules)) await addModule(release, module, copy, workplace);
    await runProgram("/bin/sh", ["-c", 'chmod -R a+rX "$0"', copy]);
    await rename(copy, extended).catch(async (error: unknown) => {
      // Another process was first, and its folder is as good as ours.
      if (!(await exists(extended))) throw error;
    });
    return extended;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

async function extendedHome(home: string, modules: readonly ServerModule[]): Promise<string> {
  const lacking = await lackingIn(home, modules);
  return lacking.length === 0 ? home : `${home}-with-${lacking.join("-")}`;
}

/** OpenSearch 3's minimal distribution has them all already. */
async function lackingIn(home: string, modules: readonly ServerModule[]): Promise<readonly ServerModule[]> {
  if (modules.length === 0) return [];
  const present = await readdir(join(home, "modules"));
  return modules.filter((module) => !present.includes(module)).sort();
}

async function addModule(
  release: Release,
  module: ServerModule,
  home: string,
  workplace: string,
): Promise<void> {
  const target = join(home, "modules", module);
  const coordinates = moduleCoordinates(release, module);
  if (coordinates === undefined) throw new Error(`Nobody publishes ${module} for ${title(release)}`);
  const fetched = join(workplace, module);
  await Promise.all([mkdir(fetched), mkdir(target)]);
  await copyWithDependencies({ coordinates, title: `${module} for ${title(release)}` }, fetched);
  // The server refuses to find a class twice.
  const own = new Set(await readdir(join(home, "lib")));
  const jars = (await readdir(join(fetched, "jars"))).filter((jar) => !own.has(jar));
  for (const jar of jars) await rename(join(fetched, "jars", jar), join(target, jar));
  await writeFile(join(target, "plugin-descriptor.properties"), descriptor(release, module));
  const { permissions } = PLANS[module];
  if (permissions.length === 0) return;
  const lines = permissions.map((name) => `  permission java.lang.RuntimePermission "${name}";\n`);
  await writeFile(join(target, "plugin-security.policy"), `grant {\n${lines.join("")}};\n`);
}

function descriptor({ product, version }: Release, module: ServerModule): string {
  const major = Number(version.split(".")[0]);
  const { className, extended } = PLANS[module];
  const moved = product === "elasticsearch" && version.startsWith("7.17.");
  const name = moved ? className.replace(/^index\./, "") : className;
  const lines = {
    name: module,
    description: module,
    version,
    classname: `org.${product}.${name}${product === "opensearch" && major >= 3 ? "ModulePlugin" : "Plugin"}`,
    "java.version": "1.8",
    [`${product}.version`]: version,
    "extended.plugins": extended,
    "has.native.controller": false,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
