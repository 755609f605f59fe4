import assert from "node:assert/strict";
import { test } from "node:test";
import { openDefects } from "./open-defects.ts";
import { simulate } from "./simulation.ts";

/** Seeds of a test file, in blocks of ten: a failing one names the command that replays it. */
export function simulatedSeeds(range: {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}) {
  const { from, step, count } = range;
  for (let block = 0; block < count; block += 10) {
    const seeds = Array.from({ length: Math.min(10, count - block) }, (_, i) => from + (block + i) * step);
    test(`the gateway converges under the model's faults, seeds ${seeds.join(", ")}`, async () => {
      for (const seed of seeds) if (!openDefects.has(seed)) await assertSeed(seed);
    });
  }
}

/** Runs one seed and fails with the command that shows what happened. */
export async function assertSeed(seed: number): Promise<void> {
  const { violations } = await simulate({ seed });
  const shown = violations.slice(0, 5).join("\n  ");
  assert.equal(violations.length, 0, `npm run simulate -- --seed ${seed} --trace\n  ${shown}`);
}
