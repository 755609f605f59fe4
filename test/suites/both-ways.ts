import type { Release } from "../../infra/local/servers/catalogue.ts";
import { compareClusters } from "../support/comparison.ts";
import { type TestGateway, useGateway } from "../support/gateway.ts";
import type { TestPair } from "../support/servers.ts";
import { differencesBetween } from "./differences.ts";
import { openSuite, runSuite, type Suite } from "./run-suite.ts";
import type { TestEnd } from "./run-test.ts";
import type { SuiteTest } from "./suite.ts";

/** What came of a suite that was run at PRIMARY and then at the gateway in front of it. */
export interface BothWays {
  readonly tests: number;
  /** Of those: their own words, or what the runner lacks. */
  readonly skipped: readonly string[];
  /** Failed at PRIMARY already: this distribution lacks a module, or this runner something. */
  readonly failedAtPrimary: readonly string[];
  /** Passed at PRIMARY and failed at the gateway. */
  readonly failedAtGateway: readonly string[];
  /** What the gateway answered otherwise than PRIMARY, in any test. */
  readonly differences: readonly string[];
  /** What BACKUP did not have as PRIMARY did, when a test had ended. */
  readonly unequal: readonly string[];
}

/** Runs the groups of the suite in the folder at PRIMARY, and again at a gateway between it and BACKUP. */
export async function runBothWays(
  folder: string,
  groups: readonly string[],
  pair: TestPair,
  release: Release,
): Promise<BothWays> {
  const suite = await openSuite(folder, groups, release);
  const primary = pair.primary.endpoint;
  const direct = await runSuite(suite, { endpoint: primary, primary });
  const gateway = await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });
  const unequal: string[] = [];
  const through = await runSuite(suite, { endpoint: gateway.endpoint, primary }, async ({ name }) => {
    const seen = await unequalBetween(pair, gateway).catch((error: unknown) => [String(error)]);
    unequal.push(...seen.map((difference) => `${name}: ${difference}`));
  });
  return { ...judged(suite, direct, through), unequal };
}

async function unequalBetween(pair: TestPair, gateway: TestGateway): Promise<readonly string[]> {
  await gateway.settled(20_000);
  return (await compareClusters(pair.primary.endpoint, pair.backup.endpoint)).differences;
}

type Ends = ReadonlyMap<SuiteTest, TestEnd>;

function judged(suite: Suite, direct: Ends, through: Ends): Omit<BothWays, "unequal"> {
  const failures = (ends: Ends, of: (test: SuiteTest) => boolean) =>
    [...ends].flatMap(([test, { failure }]) => (failure && of(test) ? [`${test.name}: ${failure}`] : []));
  return {
    tests: suite.tests.length,
    skipped: suite.tests.flatMap(({ name, skip }) => (skip === undefined ? [] : [`${name}: ${skip}`])),
    failedAtPrimary: failures(direct, () => true),
    failedAtGateway: failures(through, (test) => direct.get(test)?.failure === undefined),
    differences: [...direct].flatMap(([test, { exchanges }]) =>
      differencesBetween(exchanges, through.get(test)?.exchanges ?? []).map(
        (difference) => `${test.name}: ${difference}`,
      ),
    ),
  };
}
