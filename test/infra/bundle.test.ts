import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { synthesise } from "./synthesised.ts";

/** A function's size decides how long its first request waits. */
const BUNDLE_BYTES_MAX = 900_000;
const SEARCH_BUNDLE_BYTES_MAX = 350_000;

const run = promisify(execFile);
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function outputFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "understudy-bundle-"));
  folders.push(folder);
  return folder;
}

/** The folders that would be uploaded as functions. */
function bundles(outdir: string): string[] {
  return readdirSync(outdir)
    .filter((name) => name.startsWith("asset."))
    .map((name) => join(outdir, name))
    .filter((folder) => existsSync(join(folder, "index.mjs")));
}

const environment = {
  PRIMARY_ENDPOINT: "http://127.0.0.1:1",
  BACKUP_ENDPOINT: "http://127.0.0.1:1",
  QUEUE_URL: "http://127.0.0.1:1/records",
  DEAD_LETTER_QUEUE_URL: "http://127.0.0.1:1/dead-letters",
  PAYLOAD_BUCKET: "payloads",
  AWS_REGION: "eu-west-1",
};

/** What `handler` is, in a process that has only Lambda's streaming global besides Node. */
async function handlerKind(folder: string): Promise<string> {
  const url = pathToFileURL(join(folder, "index.mjs")).href;
  const script = [
    "globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: { from: (s) => s } };",
    `const loaded = await import(${JSON.stringify(url)});`,
    "console.log(typeof loaded.handler); process.exit(0);",
  ].join("\n");
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], {
    env: environment,
  });
  return stdout.trim();
}

test("gatewayFunction() bundles one minified ESM file with a source map and a metafile", async () => {
  const outdir = outputFolder();
  synthesise({}, { bundle: true, outdir });
  const [folder, ...others] = bundles(outdir);
  assert.ok(folder !== undefined && others.length === 0, "functions with one entry are one asset");
  const code = readFileSync(join(folder, "index.mjs"), "utf8");
  assert.match(
    code,
    /^import\{createRequire\}from'node:module';const require=createRequire\(import\.meta\.url\);/,
  );
  assert.match(code, /export\{\w+ as handler\}/);
  assert.ok(existsSync(join(folder, "index.mjs.map")));
  assert.ok(existsSync(join(folder, "index.meta.json")));
  assert.equal(await handlerKind(folder), "function");
});

/** Whose bundle it is, from esbuild's own list of what is in it. */
function functionIn(folder: string): string {
  const { outputs } = JSON.parse(readFileSync(join(folder, "index.meta.json"), "utf8"));
  const entry = Object.values<{ entryPoint?: string }>(outputs).find(
    (output) => output.entryPoint,
  )?.entryPoint;
  return /functions\/(\w+)\/handler\.ts$/.exec(entry ?? "")?.[1] ?? "";
}

const entryOf = (name: string) =>
  fileURLToPath(new URL(`../../functions/${name}/handler.ts`, import.meta.url));
const entries = {
  write: entryOf("write"),
  search: entryOf("search"),
  replay: entryOf("replay"),
  reconcile: entryOf("reconcile"),
  redrive: entryOf("redrive"),
};
const missing = Object.entries(entries)
  .filter(([, file]) => !existsSync(file))
  .map(([name]) => `functions/${name}/handler.ts`);

test("GatewayStack bundles the real handlers below their size, and each exports a handler", {
  skip: missing.length > 0 ? `not written yet: ${missing.join(", ")}` : false,
}, async (t) => {
  const outdir = outputFolder();
  synthesise({}, { bundle: true, outdir, props: { entries } });
  const folders = bundles(outdir);
  assert.equal(folders.length, Object.keys(entries).length);
  for (const folder of folders) {
    const bytes = statSync(join(folder, "index.mjs")).size;
    const name = functionIn(folder);
    t.diagnostic(`${name}: ${bytes} bytes`);
    assert.ok(
      bytes < (name === "search" ? SEARCH_BUNDLE_BYTES_MAX : BUNDLE_BYTES_MAX),
      `${name}: ${bytes} bytes`,
    );
    assert.equal(await handlerKind(folder), "function");
  }
});
