import assert from "node:assert/strict";
import type { RunningServer } from "../../infra/local/servers/server.ts";
import { bulk, must, send } from "../support/client.ts";
import type { TestGateway } from "../support/gateway.ts";
import { type Dialect, dialectOf } from "./dialect.ts";
import { writeEveryForm } from "./writes.ts";

/** Everything of one run. */
export interface Stage {
  readonly gateway: TestGateway;
  readonly primary: RunningServer;
}

const analysis = {
  analyzer: { folded: { type: "custom", tokenizer: "standard", filter: ["lowercase", "cut"] } },
  filter: { cut: { type: "stop", stopwords: ["of"] } },
};

const mapping = {
  _meta: { owner: "the tests" },
  dynamic_templates: [{ ids: { match: "*_id", mapping: { type: "keyword", ignore_above: 40 } } }],
  properties: {
    title: { type: "text", analyzer: "folded", fields: { raw: { type: "keyword" } } },
    at: { type: "date", format: "strict_date_optional_time||epoch_millis" },
    big: { type: "long" },
    n: { type: "integer" },
    place: { type: "geo_point" },
    from: { type: "ip" },
    half: { type: "half_float" },
    parts: { type: "nested", properties: { name: { type: "keyword" } } },
    heading: { type: "alias", path: "title" },
  },
};

/** Indices with everything, written to in every form, changed, deleted, made again, closed and opened. */
export async function writeAndChange({ gateway, primary }: Stage): Promise<void> {
  const dialect = dialectOf(primary);
  const call = (method: string, path: string, body?: unknown) =>
    must(gateway.endpoint, { method, path, body });
  await call("PUT", "/books", {
    settings: { number_of_shards: 3, number_of_replicas: 0, refresh_interval: "5s", analysis },
    mappings: dialect.whole(mapping),
    aliases: { library: {}, shelf: { filter: { term: { n: 1 } }, routing: "s" } },
  });
  await writeEveryForm(gateway.endpoint, dialect, "books");
  // Grown by documents, by the template and by a request.
  await call("PUT", dialect.document("books", "grown"), {
    author_id: "x",
    seen: "2026-01-01",
    deep: { er: 1.5 },
  });
  await call("PUT", dialect.mapping("books"), {
    properties: { added: { type: "text", analyzer: "folded" } },
  });
  await call("PUT", "/books/_settings", {
    index: { refresh_interval: "1s", "mapping.total_fields.limit": 700 },
  });
  const actions = [
    { remove: { index: "books", alias: "library" } },
    { add: { index: "books", alias: "reading", is_write_index: true } },
  ];
  await call("POST", "/_aliases", { actions });
  await call("PUT", "/books/_alias/second");
  await call("PUT", dialect.document("reading", "through-an-alias"), { added: "Through an alias" });
  await writeSpecial(gateway.endpoint, dialect);
  await recreate(gateway.endpoint, dialect);
  await closeAndOpen(gateway.endpoint, dialect);
}

/** An index that a document makes, and one with whatever only this release has. */
async function writeSpecial(endpoint: string, dialect: Dialect): Promise<void> {
  await must(endpoint, {
    method: "PUT",
    path: dialect.document("guessed", "1"),
    body: { a: "x", b: 1, c: "2026-01-01" },
  });
  const fields = Object.entries(dialect.special);
  const properties = Object.fromEntries(fields.map(([name, [field]]) => [name, field]));
  const body = {
    settings: { number_of_shards: 1, number_of_replicas: 0, ...dialect.specialSettings },
    mappings: dialect.whole({ ...dialect.specialRoot, properties }),
  };
  await must(endpoint, { method: "PUT", path: "/special", body });
  const document = Object.fromEntries(fields.map(([name, [, value]]) => [name, value]));
  await must(endpoint, { method: "PUT", path: dialect.document("special", "1"), body: document });
}

async function recreate(endpoint: string, dialect: Dialect): Promise<void> {
  const call = (method: string, path: string, body?: unknown) => must(endpoint, { method, path, body });
  for (const [name, lives] of [
    ["gone", 1],
    ["again", 3],
  ] as const) {
    for (let life = 0; life < lives; life++) {
      const properties = { v: { type: life === 0 ? "long" : "keyword" } };
      await call("PUT", `/${name}`, { mappings: dialect.whole({ properties }) });
      await call("PUT", dialect.document(name, "1"), { v: life });
      await call("PUT", dialect.document(name, `only-in-${life}`), { v: life });
      if (name === "gone" || life < lives - 1) await call("DELETE", `/${name}`);
    }
  }
}

/** Analysis can be changed while an index is closed, and a mapping that names the new analyzer follows. */
async function closeAndOpen(endpoint: string, dialect: Dialect): Promise<void> {
  const call = (method: string, path: string, body?: unknown) => must(endpoint, { method, path, body });
  await call("PUT", "/closing", { settings: { number_of_replicas: 0 }, mappings: dialect.whole({}) });
  await call("PUT", dialect.document("closing", "before"), { t: "before" });
  await call("POST", "/closing/_close");
  await call("PUT", "/closing/_settings", {
    analysis: { analyzer: { late: { type: "custom", tokenizer: "standard" } } },
  });
  await call("POST", "/closing/_open");
  await must(endpoint, { path: "/_cluster/health/closing?wait_for_status=yellow" });
  await call("PUT", dialect.mapping("closing"), { properties: { late: { type: "text", analyzer: "late" } } });
  await call("PUT", dialect.document("closing", "after"), { late: "after" });
}

/** @returns whether PRIMARY's distribution has by-query writes. */
export async function writeByQuery({ gateway }: Stage): Promise<boolean> {
  const query = { query: { range: { n: { gte: 150 } } } };
  await must(gateway.endpoint, { method: "POST", path: "/books/_refresh" });
  const deleted = await send(gateway.endpoint, {
    method: "POST",
    path: "/books/_delete_by_query?refresh=true",
    body: query,
  });
  if (deleted.status >= 400) return false;
  assert.match(deleted.text, /"deleted":\d\d/);
  const touched = { query: { term: { group: "g1" } } };
  await must(gateway.endpoint, { method: "POST", path: "/books/_update_by_query", body: touched });
  return true;
}

/** PRIMARY goes: BACKUP answers searches, writes are refused. PRIMARY comes back, and all goes on. */
export async function failOver({ gateway, primary }: Stage): Promise<void> {
  const dialect = dialectOf(primary);
  await primary.stop();
  const search = { query: { match: { title: "ONE" } } };
  const found = await send(gateway.endpoint, { method: "POST", path: "/books/_search", body: search });
  assert.equal(found.status, 200, found.text);
  assert.equal(found.headers["x-understudy-served-by"], "backup");
  assert.match(found.text, /"_id":"one"/);
  const path = dialect.bulk("books");
  const refused = await send(gateway.endpoint, {
    method: "POST",
    path,
    body: bulk({ index: { _id: "no" } }, {}),
  });
  assert.ok(refused.status >= 500, `${refused.status}`);
  await primary.restart();
  const body = bulk({ index: { _id: "after" } }, { title: "after" }, { delete: { _id: "one" } });
  await must(gateway.endpoint, { method: "POST", path, body });
}
