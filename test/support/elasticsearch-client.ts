import type { Client } from "elasticsearch9";
import type { City, ClientUnderTest } from "./client-scenario.ts";

/** The clients of Elasticsearch 8 and 9, which have the same words. */
export function elasticsearchClient(client: Client): ClientUnderTest {
  return {
    load: (index, cities) =>
      client.helpers
        .bulk<City>({
          datasource: [...cities],
          onDocument: ({ id }) => ({ index: { _index: index, _id: id } }),
          refreshOnCompletion: index,
          flushBytes: 20_000,
        })
        .then(({ successful, failed }) => ({ successful, failed })),
    async change(index, updated, deleted) {
      const updates = await client.helpers.bulk<City>({
        datasource: [...updated],
        onDocument: ({ id, name }) => [{ update: { _index: index, _id: id } }, { doc: { name } }],
      });
      const deletions = await client.helpers.bulk<City>({
        datasource: [...deleted],
        onDocument: ({ id }) => ({ delete: { _index: index, _id: id } }),
        refreshOnCompletion: index,
      });
      return { failed: updates.failed + deletions.failed };
    },
    scrolled: (index, size) => client.helpers.scrollDocuments({ index, size, query: { match_all: {} } }),
    searched: (index, query) => client.helpers.search({ index, query }),
    async msearched(index, queries) {
      const helper = client.helpers.msearch({ flushInterval: 50 });
      const found = await Promise.all(queries.map((query) => helper.search({ index }, { query })));
      helper.stop();
      return found.map(({ documents }) => documents.length);
    },
    exists: (index, id) => client.exists({ index, id }),
    async mget(index, ids) {
      const { docs } = await client.mget({ index, ids: [...ids] });
      return docs.map((doc) => "found" in doc && doc.found);
    },
    count: async (index) => (await client.count({ index })).count,
    openPit: async (index) => (await client.openPointInTime({ index, keep_alive: "1m" })).id,
    async searchPit(id, size, after) {
      const { pit_id: pitId = "", hits } = await client.search({
        size,
        pit: { id, keep_alive: "1m" },
        sort: [{ people: "asc" }],
        ...(Array.isArray(after) && { search_after: after }),
      });
      return { pitId, sorts: hits.hits.map(({ sort }) => sort) };
    },
    async closePit(id) {
      await client.closePointInTime({ id });
    },
    close: () => client.close(),
  };
}
