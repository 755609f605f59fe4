import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Entries } from "../../infra/gateway-stack.ts";
import { synthesise } from "./synthesised.ts";

const entryOf = (name: string) =>
  fileURLToPath(new URL(`../../functions/${name}/handler.ts`, import.meta.url));
const entries: Entries = {
  write: entryOf("write"),
  search: entryOf("search"),
  replay: entryOf("replay"),
  reconcile: entryOf("reconcile"),
  redrive: entryOf("redrive"),
};

/** The real handlers as the stack uploads them: `index.mjs` in a folder each, by function. */
export function realBundles(outdir: string): ReadonlyMap<string, string> {
  synthesise({}, { bundle: true, outdir, props: { entries } });
  return new Map(bundleFolders(outdir).map((folder) => [functionIn(folder), folder]));
}

/** The folders of a synthesis that would be uploaded as functions. */
export function bundleFolders(outdir: string): readonly string[] {
  return readdirSync(outdir)
    .filter((name) => name.startsWith("asset."))
    .map((name) => join(outdir, name))
    .filter((folder) => existsSync(join(folder, "index.mjs")));
}

/** Whose bundle it is, from esbuild's own list of what is in it. */
function functionIn(folder: string): string {
  const { outputs } = JSON.parse(readFileSync(join(folder, "index.meta.json"), "utf8"));
  const entry = Object.values<{ entryPoint?: string }>(outputs).find(
    (output) => output.entryPoint,
  )?.entryPoint;
  return /functions\/(\w+)\/handler\.ts$/.exec(entry ?? "")?.[1] ?? "";
}
