import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

/** `npm run simulate -- --seeds 10000 --from 1`; with `--seed S --trace` one run with all that happens in it. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    operations: { type: "string", default: "200" },
    ids: { type: "string", default: "20" },
    trace: { type: "boolean", default: false },
    matching: { type: "string" },
  },
});

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const size = { operations: Number(values.operations), ids: Number(values.ids) };
const pattern = new RegExp(values.matching ?? "");
const print = (line: string) => {
  if (pattern.test(line)) console.log(line);
};

let failures = 0;
let events = 0;
const totals = new Map<string, number>();
const startedMs = performance.now();
for (let seed = from; seed < from + count; seed++) {
  const result = await simulate({ seed, ...size, ...(values.trace && { trace: print }) });
  events += result.events;
  for (const [what, times] of [...result.faults, ...result.deaths])
    totals.set(what, (totals.get(what) ?? 0) + times);
  if (result.violations.length > 0) {
    failures += 1;
    console.log(
      `seed ${seed} FAILED; npm run simulate -- --seed ${seed} --operations ${size.operations} --ids ${size.ids} --trace`,
    );
    for (const violation of result.violations.slice(0, 5)) console.log(`    ${violation}`);
  }
  if (process.stdout.isTTY && (seed - from) % 10 === 0)
    process.stdout.write(`\r${seed - from + 1}/${count} seeds, ${failures} failed `);
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(`${count} seeds, ${failures} failed, ${events} events, ${seconds.toFixed(1)} s`);
if (values.seed === undefined) {
  for (const [what, times] of [...totals].sort(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${String(times).padStart(8)}  ${what}`);
}
process.exitCode = failures > 0 ? 1 : 0;
