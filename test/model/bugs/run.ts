import { spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { simulate } from "../simulation.ts";
import { type Bug, bugs } from "./bugs.ts";

/**
 * `npm run test:bugs`: each bug is put into a copy of the code, and the simulation, then the exhaustive
 * cases, run until one of them fails. A bug that nothing catches makes the command fail. `--only TEXT`,
 * more than once if you like, takes some of them, `--seeds N` tries more, `--processes N` so many bugs at
 * once, `--write` renews the table in docs/simulation.md.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "80" },
    only: { type: "string", multiple: true, default: [""] },
    write: { type: "boolean", default: false },
    processes: { type: "string", default: "2" },
  },
});
const root = "dist-bugs";
const document = "docs/simulation.md";
const exhaustive = ["single-faults", "standing-still", "fail-over", "exhaustive"].map(
  (name) => `test/unit/model-${name}.test.ts`,
);

interface Caught {
  readonly bug: Bug;
  readonly by: string | undefined;
}

/** The code has changed, and the bug no longer fits: nothing can be said of it. */
class StaleBug extends Error {}

async function prepare(bug: Bug, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "test"), { recursive: true });
  await cp("functions", join(folder, "functions"), { recursive: true });
  for (const part of ["test/model", "test/support", "infra/constructs"])
    await cp(part, join(folder, part), { recursive: true });
  for (const cases of exhaustive) await cp(cases, join(folder, cases));
  const path = join(folder, bug.file);
  const source = await readFile(path, "utf8");
  const parts = source.split(bug.find);
  if (parts.length !== 2) {
    throw new StaleBug(`its text is ${parts.length - 1} times in ${bug.file}, not once: adapt it`);
  }
  await writeFile(path, parts.join(bug.replace));
}

interface Run {
  readonly code: number;
  readonly text: string;
  /** It had to be ended. */
  readonly endless: boolean;
}

function run(args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let endless = false;
    // Anew with each seed that ends: how long all of them take says nothing on a busy machine.
    const timer = setTimeout(() => {
      endless = true;
      child.kill("SIGKILL");
    }, 300_000);
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      timer.refresh();
    });
    child.stderr.resume();
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, text, endless });
    });
  });
}

/** What catches the bug; `undefined` when nothing does. */
async function catchBug(bug: Bug, known: readonly number[]): Promise<Caught> {
  const folder = join(root, String(bugs.indexOf(bug)));
  await prepare(bug, folder);
  const simulated = await run([join(folder, "test/model/bugs/catch-bug.ts"), values.seeds, known.join(",")]);
  const last = simulated.text.trim().split("\n").at(-1)?.slice(0, 140) ?? "";
  if (simulated.endless) return { bug, by: "does not end" };
  if (simulated.code !== 0 && last === "") throw new StaleBug("the copy with it does not run");
  if (simulated.code !== 0) return { bug, by: last };
  for (const cases of exhaustive) {
    const { text } = await run(["--test", "--test-reporter=tap", join(folder, cases)]);
    const [, failed] = /^not ok \d+ - (.*)$/m.exec(text) ?? [];
    if (failed !== undefined) return { bug, by: `case: ${failed}` };
  }
  return { bug, by: undefined };
}

/** Seeds that fail as the code is: they prove nothing of a bug. */
async function failingNow(): Promise<readonly number[]> {
  const failing: number[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    if ((await simulate({ seed })).violations.length > 0) failing.push(seed);
  }
  return failing;
}

async function writeTable(results: readonly Caught[]): Promise<void> {
  const rows = results.map(({ bug, by }) => `| ${bug.name} | \`${bug.file}\` | ${by ?? "**nothing**"} |`);
  const table = ["| Bug | In | Caught by |", "|---|---|---|", ...rows].join("\n");
  const text = await readFile(document, "utf8");
  const [start, end] = ["<!-- bugs -->\n", "\n<!-- /bugs -->"];
  const [head = "", rest = ""] = text.split(start);
  await writeFile(document, `${head}${start}${table}${end}${rest.split(end)[1] ?? ""}`);
}

const chosen = bugs.filter(({ name }) => values.only.some((text) => name.includes(text)));
const known = await failingNow();
if (known.length > 0) console.log(`seeds that fail without any bug, and are left out: ${known.join(", ")}`);
const results: Caught[] = [];
const waiting = [...chosen];
await Promise.all(
  Array.from({ length: Number(values.processes) }, async () => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const result = await catchBug(bug, known).catch((error: unknown): Caught => {
        if (!(error instanceof StaleBug)) throw error;
        console.log(`STALE   ${bug.name}  ${error.message}`);
        return { bug, by: undefined };
      });
      results.push(result);
      console.log(`${result.by === undefined ? "MISSED" : "caught"}  ${bug.name}  ${result.by ?? ""}`);
    }
  }),
);
await rm(root, { recursive: true, force: true });
results.sort((a, b) => bugs.indexOf(a.bug) - bugs.indexOf(b.bug));
if (values.write) await writeTable(results);
const missed = results.filter(({ by }) => by === undefined);
console.log(`${results.length - missed.length} of ${results.length} bugs caught`);
process.exitCode = missed.length > 0 ? 1 : 0;
