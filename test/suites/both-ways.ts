import { setTimeout as pause } from "node:timers/promises";
import type { Release } from "../../infra/local/servers/catalogue.ts";
import { closedIndices, compareClusters } from "../support/comparison.ts";
import { type TestGateway, useGateway } from "../support/gateway.ts";
import type { TestPair } from "../support/servers.ts";
import { isDeliberate } from "./deliberate.ts";
import { differencesBetween } from "./differences.ts";
import { openSuite, runSuite } from "./run-suite.ts";
import { runTest, type TestEnd } from "./run-test.ts";
import type { SuiteTest } from "./suite.ts";
import { wipe } from "./wipe.ts";

/** What came of a suite that was run at PRIMARY and then at the gateway in front of it. */
export interface BothWays {
  readonly tests: number;
  /** Not meant for this release, or needing what the runner lacks. */
  readonly skipped: number;
  /** Failed at PRIMARY already: this distribution lacks a module, or the runner something. */
  readonly failedAtPrimary: number;
  /** Told and meant: what the README lists. */
  readonly deliberate: number;
  /**
   * Tests that were run again because they differed while the gateway compared an index as a whole: that refreshes
   * PRIMARY's index, so a search may see a write early. Their answers count from the run without a comparison, or the
   * last; what BACKUP held counts from each.
   */
  readonly repeated: number;
  /**
   * One line for each test that passes at PRIMARY only, for each difference between an answer of the gateway's and
   * PRIMARY's, and for what BACKUP did not hold as PRIMARY when a test had ended.
   */
  readonly defects: readonly string[];
}

const triesMax = 5;

/** Runs the groups of the suite in the folder at PRIMARY, and again at a gateway between it and BACKUP. */
export async function runBothWays(
  folder: string,
  groups: readonly string[],
  pair: TestPair,
  release: Release,
): Promise<BothWays> {
  const suite = await openSuite(folder, groups, release);
  const primary = pair.primary.endpoint;
  const direct = new Map<SuiteTest, TestEnd>();
  for await (const { test, end } of runSuite(suite, primary)) direct.set(test, end);

  // Some tests wait 30 s for a health that does not come.
  const settings = { RETRY_PAUSE_MAX_SECONDS: "1", READ_TIMEOUT_SECONDS: "40" };
  const gateway = await useGateway(pair, settings);
  const lines: string[] = [];
  let repeated = 0;
  let compared = await comparisonsOf(gateway);
  for (const [test, expected] of direct) {
    for (let tries = 1; ; tries++) {
      const end = await runTest(gateway.endpoint, suite.apis, test);
      const meanwhile = (await comparisonsOf(gateway)) > compared;
      const answers = [
        ...(expected.failure === undefined && end.failure !== undefined ? [`fails: ${end.failure}`] : []),
        ...differencesBetween(expected.exchanges, end.exchanges),
      ].map((line) => `${test.name}: ${line}`);
      const unequal = await unequalBetween(pair, gateway).catch((error: unknown) => [String(error)]);
      const again = meanwhile && tries < triesMax && answers.some((line) => !isDeliberate(line));
      const seen = [
        ...(again ? [] : answers),
        ...unequal.map((difference) => `${test.name}: BACKUP: ${difference}`),
      ];
      for (const line of seen) if (!isDeliberate(line)) console.log(line);
      lines.push(...seen);
      if (again) for (const line of answers) if (!isDeliberate(line)) console.log(`${line} (run again)`);
      await wipe(gateway.endpoint, primary);
      compared = await comparisonsOf(gateway);
      if (!again) break;
      if (tries === 1) repeated++;
    }
  }
  const defects = lines.filter((line) => !isDeliberate(line));
  return {
    tests: suite.tests.length,
    skipped: suite.tests.length - direct.size,
    failedAtPrimary: [...direct.values()].filter(({ failure }) => failure !== undefined).length,
    deliberate: lines.length - defects.length,
    repeated,
    defects,
  };
}

/** How often the gateway has begun to compare an index as a whole. */
async function comparisonsOf(gateway: TestGateway): Promise<number> {
  return (await gateway.log()).split("an index is compared as a whole").length - 1;
}

/** What is to be compared as a whole (a clone, for example) comes 10 s later, so differences are looked at again. */
async function unequalBetween(pair: TestPair, gateway: TestGateway): Promise<readonly string[]> {
  const { primary, backup } = pair;
  for (let tries = 1; ; tries++) {
    const late = await gateway.settled(5_000).then(() => undefined, String);
    if (late !== undefined && (await closedIndices(primary.endpoint)).size > 0)
      return ["it waits for a closed index"];
    if (late !== undefined && tries === 10) return [late];
    if (late !== undefined) continue;
    const { untranslated: refused } = await gateway.status();
    const { differences } = await compareClusters(primary.endpoint, backup.endpoint, { refused });
    if (differences.length === 0 || tries === 20) return differences;
    await pause(1_000);
  }
}
