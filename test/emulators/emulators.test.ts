import assert from "node:assert/strict";
import { after, describe, type TestContext, test } from "node:test";
import { sqsCases } from "../contract/contract-table.ts";
import type { EngineCase } from "../contract/engine-case.ts";
import { s3Cases } from "../contract/s3-cases.ts";
import { type EmulatorName, emulatorNames, startNamed } from "./engines.ts";
import { type KnownDifference, knownDifferences } from "./known-differences.ts";

// The cases that the embedded engine passes (test/contract/embedded-*.test.ts), on other people's SQS and S3.

for (const name of emulatorNames) {
  const emulator = await startNamed(name);
  if ("absent" in emulator) {
    console.log(`Skipped: ${name} cannot run here. ${emulator.absent}`);
    test(name, { skip: emulator.absent });
    continue;
  }
  after(() => emulator.stop());
  describe(`SQS of ${name}`, () => runTable(name, sqsCases, emulator.freshQueues));
  if (name === "elasticmq") test(`S3 of ${name}`, { skip: "it is SQS only" });
  else describe(`S3 of ${name}`, () => runTable(name, s3Cases, emulator.freshBucket));
}

function runTable<Subject>(
  emulator: EmulatorName,
  cases: readonly EngineCase<Subject>[],
  fresh: () => Promise<Subject>,
): void {
  for (const row of cases) {
    const known = knownDifferences[emulator][row.name];
    const skip = known?.kind === "absent" ? `${emulator}: ${known.reason}` : false;
    test(row.name, { skip, timeout: 60_000 }, async (t) => {
      if (known === undefined) await row.run(await fresh());
      else await differs(t, row, known, await fresh());
    });
  }
}

/** A difference that is gone has to leave the list, so that the list stays true. */
async function differs<Subject>(
  t: TestContext,
  row: EngineCase<Subject>,
  { reason }: KnownDifference,
  subject: Subject,
): Promise<void> {
  await assert.rejects(row.run(subject), "it answers as AWS documents now: take it off the list");
  t.diagnostic(`differs: ${reason}. AWS documents: ${row.documented}`);
}

test("each known difference is of a case in the table, which says what AWS documents", () => {
  const documented = new Map([...sqsCases, ...s3Cases].map((row) => [row.name, row.documented]));
  for (const emulator of emulatorNames)
    for (const [name, { kind }] of Object.entries(knownDifferences[emulator])) {
      assert.ok(documented.has(name), `${emulator}: there is no case [${name}]`);
      if (kind === "differs") assert.ok(documented.get(name), `[${name}] does not say what AWS documents`);
    }
});

test("each case of the table has a name of its own", () => {
  const names = [...sqsCases, ...s3Cases].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
