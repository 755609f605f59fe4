import assert from "node:assert/strict";
import { test } from "node:test";
import { translateMappings } from "../../functions/core/definition/translate-mappings.ts";
import { must } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";
import { dialectOf } from "./dialect.ts";
import { selectedPairs } from "./pairs.ts";
import { failOver, writeAndChange, writeByQuery } from "./story.ts";
import { versionDifferences } from "./version-differences.ts";

// BACKUP of any listed version gets what PRIMARY of any listed version accepts. CLUSTERS_PAIRS selects the pairs.

for (const { name, primary: from, backup: to } of selectedPairs(process.env["CLUSTERS_PAIRS"])) {
  test(`clusters ${name}: BACKUP holds what PRIMARY accepted, in every form, and its definitions`, async (t) => {
    const pair = await usePair({ primary: from, backup: to });
    if (pair.skip !== false) return t.skip(pair.skip);
    const { primary, backup } = pair;
    const gateway = await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });
    const stage = { gateway, primary };
    const equal = async () => {
      await gateway.drained(120_000);
      const refused = (await gateway.status()).untranslated.filter(wasRefused);
      const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint, {
        refused,
      });
      assert.deepEqual(differences, []);
      const endpoints = { primary: primary.endpoint, backup: backup.endpoint };
      assert.deepEqual(await versionDifferences(endpoints), []);
      return documents;
    };

    await writeAndChange(stage);
    if (!(await writeByQuery(stage))) t.diagnostic("this distribution has no by-query writes");
    await gateway.settled(120_000);
    await failOver(stage);
    assert.ok((await equal()) > 100);

    const { deadLetters, clusters, untranslated } = await gateway.status();
    assert.equal(deadLetters.visible, 0);
    assert.equal(clusters.backup.state, "up");
    const { special, specialRoot } = dialectOf(from);
    const properties = Object.fromEntries(
      Object.entries(special).map(([field, [mapping]]) => [field, mapping]),
    );
    const expected = translateMappings({ ...specialRoot, properties }, to).untranslated;
    const told = untranslated.filter(({ path }) => path.startsWith("mappings/"));
    const paths = new Set([...expected, ...untranslated.filter(wasRefused)].map(({ path }) => path));
    assert.deepEqual(told.map(({ path }) => path).sort(), [...paths].sort());
    assert.match((await must(backup.endpoint, { path: "/closing/_mapping" })).text, /"analyzer":"late"/);
    console.log(
      `${name}: left out or replaced: ${untranslated.map(({ path }) => path).join(", ") || "nothing"}`,
    );
  });
}

/** By a BACKUP that should have the type: these distributions lack some modules of the ordinary ones. */
function wasRefused({ reason }: { readonly reason: string }): boolean {
  return reason.startsWith("it is stored and not searched, because");
}
