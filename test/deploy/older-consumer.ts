import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { bundlesIn } from "./function-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a consumer of schema 1 does not know yet: the next schema, by which it would tell its own as the earlier one. */
const undone: Readonly<Record<string, readonly [now: string, then: string]>> = {
  "record.ts": ["export const recordSchema = 2;", "export const recordSchema = 1;"],
  "earlier-header.ts": ["v.literal(recordSchema - 1)", "v.literal(recordSchema)"],
  "header.ts": ["schema === recordSchema ? header : fromEarlierSchema(header)", "fromEarlierSchema(header)"],
};

/**
 * Replaces the replay function in a synthesised assembly by one that knows records of schema 1 alone, as the code did
 * before there was schema 2.
 */
export async function ageConsumer(assembly: string): Promise<void> {
  const replay = (await bundlesIn(assembly)).find(({ name }) => name === "replay");
  assert.ok(replay);
  const hash = /asset\.(\w+)$/.exec(replay.folder)?.[1] ?? "";
  const older = otherHash(hash);
  const folder = join(assembly, `asset.${older}`);
  await cp(replay.folder, folder, { recursive: true });
  await rm(join(folder, "index.mjs.map"), { force: true });
  const built: string[] = [];
  await build({
    entryPoints: [join(root, "functions/replay/handler.ts")],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    mainFields: ["module", "main"],
    alias: { "node:http": join(root, "infra/constructs/node-http.cjs") },
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: "error",
    plugins: [undo(built)],
  });
  assert.deepEqual(built.sort(), Object.keys(undone).sort(), "each file was read as it was before");
  const template = await templateHash(assembly);
  for (const file of await readdir(assembly)) {
    if (!file.endsWith(".json")) continue;
    const text = await readFile(join(assembly, file), "utf8");
    await writeFile(
      join(assembly, file),
      text.replaceAll(hash, older).replaceAll(template, otherHash(template)),
    );
  }
}

/** What is published under a hash already is not published again. */
function otherHash(hash: string): string {
  return hash.replace(/^.{8}/, "0".repeat(8));
}

async function templateHash(assembly: string): Promise<string> {
  const assets: { files: Record<string, { source: { path: string } }> } = JSON.parse(
    await readFile(join(assembly, "Understudy.assets.json"), "utf8"),
  );
  const found = Object.entries(assets.files).find(([, { source }]) => source.path.endsWith(".template.json"));
  return found?.[0] ?? assert.fail("the assembly has no template");
}

function undo(built: string[]): Plugin {
  return {
    name: "undo",
    setup({ onLoad }) {
      onLoad({ filter: /\/core\/replication\/[\w-]+\.ts$/ }, async ({ path }) => {
        const name = path.slice(path.lastIndexOf("/") + 1);
        const [now, then] = undone[name] ?? [];
        if (now === undefined || then === undefined) return undefined;
        const source = await readFile(path, "utf8");
        assert.ok(source.includes(now), `${name} has no [${now}] any more`);
        built.push(name);
        return { contents: source.replace(now, then), loader: "ts" };
      });
    },
  };
}
