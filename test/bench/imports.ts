import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { realBundles } from "../infra/real-bundles.ts";
import type { Measurement } from "./measurement.ts";
import { median } from "./median.ts";
import { table } from "./report.ts";

/** `npm run measure:imports`: what each function's bundle costs at a cold start, before its first request. */
const starts = 9;

/** The runtime's Node, from npm where this one is another; this one where there is none. */
function lambdaNode(): string {
  if (process.versions.node.startsWith("22.")) return process.execPath;
  try {
    return execFileSync("npx", ["-y", "node@22", "-p", "process.execPath"], { encoding: "utf8" }).trim();
  } catch {
    return process.execPath;
  }
}

interface Import {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** One start, with the variables that decide what is loaded, and with the flag that the stack sets. */
function importOnce(node: string, bundle: string): Import {
  const script = `
    globalThis.awslambda = { streamifyResponse: (h) => h, HttpResponseStream: { from: (s) => s } };
    const [at, used] = [performance.now(), process.cpuUsage()];
    await import(${JSON.stringify(pathToFileURL(bundle).href)});
    const { user, system } = process.cpuUsage(used);
    console.log(JSON.stringify({ wallMs: performance.now() - at, cpuMs: (user + system) / 1000 }));
    process.exit(0);`;
  const env = {
    AWS_REGION: "eu-west-1",
    POWERTOOLS_SERVICE_NAME: "understudy",
    POWERTOOLS_METRICS_NAMESPACE: "understudy",
  };
  const flags = ["--enable-source-maps", "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(node, flags, { env, encoding: "utf8" }));
}

function measured(name: string, folder: string, node: string): readonly Measurement[] {
  const bundle = join(folder, "index.mjs");
  const search = name === "search";
  const times = Array.from({ length: starts }, () => importOnce(node, bundle));
  const goal = search ? 60 : 150;
  return [
    {
      what: `${name}: bundle`,
      value: statSync(bundle).size / 1000,
      unit: "KB",
      goal: search ? 350 : 900,
      note: "",
    },
    { what: `${name}: import`, value: median(times.map(({ wallMs }) => wallMs)), unit: "ms", goal, note: "" },
    {
      what: `${name}: CPU of the import`,
      value: median(times.map(({ cpuMs }) => cpuMs)),
      unit: "ms",
      goal,
      note: "",
    },
  ];
}

const outdir = mkdtempSync(join(tmpdir(), "understudy-imports-"));
try {
  const node = lambdaNode();
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const bundles = realBundles(outdir);
  const rows = [...bundles].flatMap(([name, folder]) => measured(name, folder, node));
  const [load = 0] = loadavg();
  process.stdout.write(table(rows));
  process.stdout.write(`Node ${version}, ${starts} starts each; load ${load.toFixed(1)} `);
  process.stdout.write(`on ${availableParallelism()} cores (only a quiet machine's "import" counts)\n`);
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
