import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { bundleFolders, realBundles } from "./real-bundles.ts";
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
  const [folder, ...others] = bundleFolders(outdir);
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

test("GatewayStack bundles the real handlers below their size, and each exports a handler", async (t) => {
  const bundles = realBundles(outputFolder());
  assert.deepEqual([...bundles.keys()].sort(), ["reconcile", "redrive", "replay", "search", "write"]);
  for (const [name, folder] of bundles) {
    const { size } = statSync(join(folder, "index.mjs"));
    t.diagnostic(`${name}: ${size} bytes`);
    const sizeMax = name === "search" ? SEARCH_BUNDLE_BYTES_MAX : BUNDLE_BYTES_MAX;
    assert.ok(size < sizeMax, `${name}: ${size} bytes`);
    assert.equal(await handlerKind(folder), "function");
    const code = readFileSync(join(folder, "index.mjs"), "utf8");
    assert.doesNotMatch(code, /(from|import)\s*"(node:)?http"/, `${name}: undici is loaded with it`);
  }
});
