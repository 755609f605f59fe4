import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

/**
 * `npm run simulate -- --seeds 10000 --from 1`, in a process per core; with `--seed S --trace` one run with all
 * that happens in it.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    operations: { type: "string", default: "200" },
    ids: { type: "string", default: "20" },
    trace: { type: "boolean", default: false },
    matching: { type: "string" },
    processes: { type: "string", default: String(availableParallelism()) },
    /** Given by the first process to the others: they take each so-many-th seed. */
    step: { type: "string" },
  },
});

const from = Number(values.seed ?? values.from);
const end = from + (values.seed === undefined ? Number(values.seeds) : 1);
const size = { operations: Number(values.operations), ids: Number(values.ids) };
const pattern = new RegExp(values.matching ?? "");
const print = (line: string) => {
  if (pattern.test(line)) console.log(line);
};

interface Tally {
  failures: number;
  events: number;
  totals: Record<string, number>;
}

/** Runs the seeds one after the other and reports each that fails. */
async function run(step: number): Promise<Tally> {
  const tally: Tally = { failures: 0, events: 0, totals: {} };
  for (let seed = from; seed < end; seed += step) {
    const result = await simulate({ seed, ...size, ...(values.trace && { trace: print }) });
    tally.events += result.events;
    for (const [what, times] of [...result.faults, ...result.deaths])
      tally.totals[what] = (tally.totals[what] ?? 0) + times;
    if (result.violations.length > 0) report(seed, result.violations);
    tally.failures += result.violations.length > 0 ? 1 : 0;
    const done = (seed - from) / step + 1;
    if (done % 100 === 0) console.log(`${done} seeds from ${from} on by ${step}, ${tally.failures} failed`);
  }
  return tally;
}

function report(seed: number, violations: readonly string[]): void {
  console.log(
    `seed ${seed} FAILED; npm run simulate -- --seed ${seed} --operations ${size.operations} --ids ${size.ids} --trace`,
  );
  for (const violation of violations.slice(0, 5)) console.log(`    ${violation}`);
}

/** The same in processes of their own, each with its share of the seeds. */
function runInProcesses(processes: number): Promise<readonly Tally[]> {
  const shares = Array.from({ length: processes }, (_, i) => {
    const own = ["--from", String(from + i), "--seeds", String(end - from - i), "--step", String(processes)];
    const same = ["--operations", values.operations, "--ids", values.ids];
    const child = fork(fileURLToPath(import.meta.url), [...own, ...same]);
    return new Promise<Tally>((resolve, reject) => {
      child.on("message", (tally: Tally) => resolve(tally));
      child.on("exit", (code) => reject(new Error(`a process ended with ${code} before its last seed`)));
    });
  });
  return Promise.all(shares);
}

const startedMs = performance.now();
if (values.step !== undefined) {
  process.send?.(await run(Number(values.step)));
} else {
  const processes = Math.min(Number(values.processes), end - from);
  const tallies = processes > 1 ? await runInProcesses(processes) : [await run(1)];
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const failures = sum((tally) => tally.failures);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${end - from} seeds, ${failures} failed, ${sum(({ events }) => events)} events, ${seconds} s`);
  if (values.seed === undefined) {
    for (const what of [...new Set(tallies.flatMap(({ totals }) => Object.keys(totals)))].sort())
      console.log(`  ${String(sum(({ totals }) => totals[what] ?? 0)).padStart(8)}  ${what}`);
  }
  process.exitCode = failures > 0 ? 1 : 0;
}
