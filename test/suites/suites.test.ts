import assert from "node:assert/strict";
import { test } from "node:test";
import { selectedPairs } from "../clusters/pairs.ts";
import { usePair } from "../support/servers.ts";
import { runBothWays } from "./both-ways.ts";
import { withoutDeliberate } from "./deliberate.ts";
import { groupsOf } from "./suite.ts";
import { fetchSuite } from "./suite-files.ts";

// The products' own REST tests, at PRIMARY and at the gateway. SUITES_PAIRS and SUITES_GROUPS select.

const pairs = selectedPairs(process.env["SUITES_PAIRS"] || "es7.10-os2.19");
const inEveryRun = "bulk,create";

for (const { name, primary: from, backup: to } of pairs) {
  test(`suites ${name}: the gateway answers the product's own tests as PRIMARY, and BACKUP holds what they leave`, async (t) => {
    // What the suites' own description asks for.
    const settings = { "node.attr.testattr": "test", "path.repo": "/tmp" };
    const pair = await usePair({ primary: from, backup: to, settings });
    if (pair.skip !== false) return t.skip(pair.skip);
    const folder = await fetchSuite(from).catch((error: unknown) => t.skip(String(error)));
    if (typeof folder !== "string") return;

    const selected = process.env["SUITES_GROUPS"] || inEveryRun;
    const groups = selected === "all" ? await groupsOf(folder) : selected.split(",");
    const came = await runBothWays(folder, groups, pair, from);
    const failed = withoutDeliberate(came.failedAtGateway);
    const differences = withoutDeliberate(came.differences);
    const unequal = withoutDeliberate(came.unequal);

    for (const line of came.failedAtPrimary) t.diagnostic(`fails at PRIMARY as well: ${line}`);
    for (const line of failed) t.diagnostic(`DEFECT ${line}`);
    for (const line of differences) t.diagnostic(`DIFFERS ${line}`);
    for (const line of unequal) t.diagnostic(`UNEQUAL ${line}`);
    const { tests, skipped, failedAtPrimary } = came;
    const run = tests - skipped.length;
    console.log(
      `${name}: ${tests} tests, ${skipped.length} skipped, ${run} run, ${failedAtPrimary.length} fail at PRIMARY as well, ` +
        `${came.failedAtGateway.length} at the gateway only (${came.failedAtGateway.length - failed.length} deliberately), ` +
        `${came.differences.length} differences in answers (${came.differences.length - differences.length} deliberate), ` +
        `${came.unequal.length} on BACKUP (${came.unequal.length - unequal.length} deliberate)`,
    );
    assert.deepEqual({ failed, differences, unequal }, { failed: [], differences: [], unequal: [] });
  });
}
