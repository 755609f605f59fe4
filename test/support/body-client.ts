import type { Client } from "elasticsearch7";
import type { City, ClientUnderTest } from "./client-scenario.ts";

/** The clients that take and give a `body`: Elasticsearch 7 and OpenSearch. Points in time they name each their own way. */
export function bodyClient(client: Client): Omit<ClientUnderTest, "openPit" | "closePit"> {
  return {
    async load(index, cities) {
      const { successful, failed } = await client.helpers.bulk({
        datasource: [...cities],
        onDocument: ({ id }: City) => ({ index: { _index: index, _id: id } }),
        refreshOnCompletion: index,
        flushBytes: 20_000,
      });
      return { successful, failed };
    },
    async change(index, updated, deleted) {
      const updates = await client.helpers.bulk({
        datasource: [...updated],
        onDocument: ({ id, name }: City) => [{ update: { _index: index, _id: id } }, { doc: { name } }],
      });
      const deletions = await client.helpers.bulk({
        datasource: [...deleted],
        onDocument: ({ id }: City) => ({ delete: { _index: index, _id: id } }),
        refreshOnCompletion: index,
      });
      return { failed: updates.failed + deletions.failed };
    },
    scrolled: (index, size) =>
      client.helpers.scrollDocuments({ index, size, body: { query: { match_all: {} } } }),
    searched: (index, query) => client.helpers.search({ index, body: { query } }),
    async msearched(index, queries) {
      const helper = client.helpers.msearch({ flushInterval: 50 });
      const found = await Promise.all(queries.map((query) => helper.search({ index }, { query })));
      helper.stop();
      return found.map(({ body }) => body["hits"].hits.length);
    },
    exists: async (index, id) => (await client.exists({ index, id })).body,
    async mget(index, ids) {
      const { body } = await client.mget({ index, body: { ids } });
      return body.docs.map(({ found }: { found: boolean }) => found);
    },
    count: async (index) => (await client.count({ index })).body.count,
    info: () => client.info(),
    async searchPit(id, size, after) {
      const { body } = await client.search({
        body: {
          size,
          pit: { id, keep_alive: "1m" },
          sort: [{ people: "asc" }],
          ...(Array.isArray(after) && { search_after: after }),
        },
      });
      return { pitId: body.pit_id, sorts: body.hits.hits.map(({ sort }: { sort: unknown }) => sort) };
    },
    close: () => client.close(),
  };
}
