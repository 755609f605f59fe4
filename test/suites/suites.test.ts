import assert from "node:assert/strict";
import { test } from "node:test";
import { selectedPairs } from "../clusters/pairs.ts";
import { usePair } from "../support/servers.ts";
import { runBothWays } from "./both-ways.ts";
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
    const { tests, skipped, failedAtPrimary, deliberate, repeated, defects } = await runBothWays(
      folder,
      groups,
      pair,
      from,
    );
    console.log(
      `${name}: ${tests} tests, ${skipped} skipped; of ${tests - skipped} run, ${failedAtPrimary} fail at PRIMARY as well; ` +
        `${repeated} run again beside a comparison; ${deliberate} deliberate differences, ${defects.length} others`,
    );
    for (const defect of defects) console.log(defect);
    assert.ok(tests - skipped - failedAtPrimary > 0, "nothing was compared");
    assert.deepEqual(defects, []);
  });
}
