import type { Release } from "../../infra/local/servers/catalogue.ts";
import { type Apis, apisOf } from "./api.ts";
import { runTest, type TestEnd } from "./run-test.ts";
import { type SuiteTest, testsOf } from "./suite.ts";
import { wipe } from "./wipe.ts";

/** Some groups of a product's suite, ready to be run at any endpoint. */
export interface Suite {
  readonly apis: Apis;
  readonly tests: readonly SuiteTest[];
}

/** Reads the groups of the suite in the folder. */
export async function openSuite(folder: string, groups: readonly string[], release: Release): Promise<Suite> {
  const tests = await Promise.all(groups.map((group) => testsOf(folder, group, release)));
  return { apis: await apisOf(folder), tests: tests.flat() };
}

/** One test and how it ended. */
export interface Ended {
  readonly test: SuiteTest;
  readonly end: TestEnd;
}

/**
 * Runs the tests one after the other at PRIMARY, each on an empty one: what a test has left is there until the next
 * one is asked for.
 */
export async function* runSuite(suite: Suite, primary: string): AsyncGenerator<Ended> {
  for (const test of suite.tests) {
    if (test.skip !== undefined) continue;
    yield { test, end: await runTest(primary, suite.apis, test) };
    await wipe(primary, primary);
  }
}
