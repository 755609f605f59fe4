import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import * as v from "valibot";
import { compareClusters } from "./comparison.ts";
import { type TestGateway, useGateway } from "./gateway.ts";
import { type TestPairOptions, usePair } from "./servers.ts";

export interface City {
  readonly id: string;
  readonly name: string;
  readonly people: number;
}

/** An official client with its helpers, in words that all of them have. */
export interface ClientUnderTest {
  /** The bulk helper, refreshing at its end. */
  load(index: string, cities: readonly City[]): Promise<{ successful: number; failed: number }>;
  /** The bulk helper with updates of those and deletions of these. */
  change(index: string, updated: readonly City[], deleted: readonly City[]): Promise<{ failed: number }>;
  /** `scrollDocuments`, the documents as they come. */
  scrolled(index: string, pageSize: number): AsyncIterable<unknown>;
  /** The search helper's documents. */
  searched(index: string, query: object): Promise<readonly unknown[]>;
  /** The msearch helper: how many documents each query finds. */
  msearched(index: string, queries: readonly object[]): Promise<readonly number[]>;
  exists(index: string, id: string): Promise<boolean>;
  /** Which of them are found. */
  mget(index: string, ids: readonly string[]): Promise<readonly boolean[]>;
  count(index: string): Promise<number>;
  /** Where the server's minimal distribution answers `GET /`. */
  info?(): Promise<unknown>;
  openPit(index: string): Promise<string>;
  /** One page, in the order of `people`, after the last page's `sort`. */
  searchPit(id: string, size: number, after: unknown): Promise<PitPage>;
  closePit(id: string): Promise<void>;
  close(): Promise<unknown>;
}

export interface PitPage {
  readonly pitId: string;
  readonly sorts: readonly unknown[];
}

const cities: readonly City[] = Array.from({ length: 1200 }, (_, at) => ({
  id: `c/${at} %`,
  name: `City ${at}`,
  people: at,
}));
const updated = cities.slice(0, 100).map((city) => ({ ...city, name: `${city.name}, again` }));
const deleted = cities.slice(-50);
const kept = cities.length - deleted.length;
const index = "cities";

/**
 * Everything that an official client and its helpers do, through the gateway in front of a PRIMARY that the client
 * is made for; then PRIMARY goes away in the middle of a loop over a point in time, and of a scroll.
 */
export async function testClient(
  name: string,
  servers: Required<Pick<TestPairOptions, "primary" | "backup">>,
  connect: (endpoint: string) => ClientUnderTest,
): Promise<void> {
  const pair = await usePair(servers);
  const { skip } = pair;
  const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });
  const running = (): TestGateway => {
    assert.ok(gateway);
    return gateway;
  };
  const connected = (t: TestContext) => {
    const client = connect(running().endpoint);
    t.after(() => client.close());
    return client;
  };

  test(`${name}: its bulk helper writes, and BACKUP ends equal`, { skip }, async (t) => {
    const client = connected(t);
    assert.deepEqual(await client.load(index, cities), { successful: cities.length, failed: 0 });
    assert.deepEqual(await client.change(index, updated, deleted), { failed: 0 });
    await running().settled();
    const { documents, differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint);
    assert.deepEqual({ documents, differences }, { documents: kept, differences: [] });
  });

  test(`${name}: its read helpers and calls find what was written`, { skip }, async (t) => {
    const client = connected(t);
    await client.info?.();
    assert.equal((await all(client.scrolled(index, 300))).length, kept);
    assert.equal((await client.searched(index, { match: { name: "again" } })).length, 10);
    assert.deepEqual(
      await client.msearched(index, [{ term: { people: 7 } }, { term: { people: -7 } }]),
      [1, 0],
    );
    assert.equal(await client.exists(index, "c/0 %"), true);
    assert.equal(await client.exists(index, "c/1199 %"), false);
    assert.deepEqual(await client.mget(index, ["c/3 %", "c/1180 %", "none"]), [true, false, false]);
    assert.equal(await client.count(index), kept);
    const pages = await walkPit(client, await client.openPit(index));
    assert.equal(pages.length, kept);
  });

  test(`${name}: PRIMARY freezes in a loop over a point in time; begun again, it ends on BACKUP`, {
    skip,
  }, async (t) => {
    const client = connected(t);
    const pit = await client.openPit(index);
    const first = await client.searchPit(pit, 400, undefined);
    assert.equal(first.sorts.length, 400);
    await pair.primary.freeze();
    try {
      await assert.rejects(client.searchPit(first.pitId, 400, first.sorts.at(-1)), isContextMissing);
      assert.equal((await walkPit(client, await client.openPit(index))).length, kept);
      assert.equal(await client.count(index), kept);
      assert.equal(await client.exists(index, "c/0 %"), true);
      assert.deepEqual(await client.msearched(index, [{ term: { people: 7 } }]), [1]);
    } finally {
      pair.primary.thaw();
    }
    // PRIMARY is passed by until one read has found it back.
    while ((await running().status()).fallback.active) await client.count(index);
  });

  test(`${name}: PRIMARY dies in a scroll; the client hears what it knows, begins again, and ends on BACKUP`, {
    skip,
  }, async (t) => {
    const client = connected(t);
    await client.info?.();
    const seen: unknown[] = [];
    const interrupted = (async () => {
      for await (const document of client.scrolled(index, 200)) {
        seen.push(document);
        if (seen.length === 300) await pair.primary.kill();
      }
    })();
    await assert.rejects(interrupted, isContextMissing);
    assert.equal(seen.length, 400);
    assert.equal((await all(client.scrolled(index, 200))).length, kept);
    await client.info?.();
    const { counters } = await running().status();
    assert.ok((counters["fallbacks"] ?? 0) > 0);
  });
}

async function all(documents: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const document of documents) found.push(document);
  return found;
}

async function walkPit(client: ClientUnderTest, opened: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let id = opened;
  for (;;) {
    const { pitId, sorts } = await client.searchPit(id, 500, found.at(-1));
    id = pitId;
    found.push(...sorts);
    if (sorts.length === 0) break;
  }
  await client.closePit(id);
  return found;
}

const missingSchema = v.object({
  meta: v.object({
    statusCode: v.literal(404),
    body: v.object({
      error: v.object({
        root_cause: v.array(v.object({ type: v.literal("search_context_missing_exception") })),
      }),
    }),
  }),
});

function isContextMissing(error: unknown): boolean {
  v.parse(missingSchema, error);
  return true;
}
