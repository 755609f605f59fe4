import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { bulk, type Call, must, type Reply, send } from "../support/client.ts";
import type { Dialect } from "./dialect.ts";

/** A document that must arrive to the last digit. */
const exact =
  '{"title":"Größe \\u00fc \\/ 😀","big":9007199254740993,"price":1.50,"__proto__":1,"deep_one":{"empty":null}}';

const statusesIn = ({ text }: Reply) =>
  [...text.matchAll(/"status":(\d+)/g)].map(([, status]) => Number(status));

/** Sends a write of every form to an index; PRIMARY's refusals are among them. */
export async function writeEveryForm(endpoint: string, dialect: Dialect, index: string): Promise<void> {
  await bulkForms(endpoint, dialect, index);
  await documentForms(endpoint, dialect, index);
}

async function bulkForms(endpoint: string, dialect: Dialect, index: string): Promise<void> {
  const at = (id: string, more = {}) => ({ _index: index, ...dialect.inLine, _id: id, ...more });
  const root = (body: string | Buffer, query = "", headers = {}): Promise<Reply> =>
    must(endpoint, { method: "POST", path: `/_bulk${query}`, body, headers });
  const all = await root(
    bulk(
      { index: at("exact") },
      exact,
      { create: at("made") },
      { title: "made" },
      { create: at("made") },
      { title: "refused: it exists" },
      { update: at("made") },
      { doc: { title: "made and updated" } },
      { update: at("made") },
      { doc: { title: "made and updated" } },
      { update: at("none") },
      { doc: { title: "refused: it is missing" } },
      { update: at("upserted") },
      { doc: { n: 2 }, upsert: { n: 1, title: "upserted" } },
      { update: at("as-upsert") },
      { doc: { n: 3 }, doc_as_upsert: true },
      { index: at("misfit") },
      { at: "not a date" },
      { index: at("short-lived") },
      { n: 1 },
      { delete: at("short-lived") },
      { delete: at("never-there") },
      { index: at("routed", { routing: "a" }) },
      { title: "routed to a" },
      { index: at("routed", { routing: "d" }) },
      { title: "routed to d" },
      { index: { _index: index, ...dialect.inLine } },
      { title: "with an id of its own" },
    ),
  );
  assert.deepEqual(
    statusesIn(all),
    [201, 201, 409, 200, 200, 404, 201, 201, 400, 201, 200, 404, 201, 201, 201],
  );
  const filtered = await root(bulk({ update: at("made") }, { doc: { n: 7 } }), "?filter_path=items.*.status");
  assert.equal(filtered.text, '{"items":[{"update":{"status":200}}]}');
  const gzipped = gzipSync(bulk({ index: at("zipped") }, { title: "zipped" }));
  await root(gzipped, "?refresh=true", {
    "content-encoding": "gzip",
    "content-type": "application/x-ndjson",
  });
  const lines = Array.from({ length: 200 }, (_, i) => [
    { index: { _id: `n${i}` } },
    { n: i, group: `g${i % 7}` },
  ]);
  await must(endpoint, { method: "POST", path: dialect.bulk(index), body: bulk(...lines.flat()) });
  const some = Array.from({ length: 40 }, (_, i) => ({ delete: { _id: `n${i * 3}` } }));
  await must(endpoint, { method: "PUT", path: dialect.bulk(index), body: bulk(...some) });
}

async function documentForms(endpoint: string, dialect: Dialect, index: string): Promise<void> {
  const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
    send(endpoint, { method, path, body, headers: body === undefined ? {} : json });
  const calls: readonly (readonly [status: number, ...call: Parameters<typeof call>])[] = [
    [201, "PUT", dialect.document(index, "one"), exact],
    [200, "PUT", dialect.document(index, "one"), '{"title":"one"}'],
    [201, "POST", dialect.document(index), '{"title":"generated"}'],
    [201, "PUT", dialect.create(index, "two"), '{"title":"two"}'],
    [409, "PUT", dialect.create(index, "two"), '{"title":"again"}'],
    [409, "PUT", `${dialect.document(index, "two")}?op_type=create`, '{"title":"again"}'],
    [200, "POST", dialect.update(index, "two"), '{"doc":{"n":2}}'],
    [200, "POST", dialect.update(index, "two"), '{"doc":{"n":2}}'],
    [201, "POST", dialect.update(index, "three"), '{"doc":{"n":3},"upsert":{"title":"three"}}'],
    [201, "POST", dialect.update(index, "four"), '{"doc":{"n":4},"doc_as_upsert":true}'],
    [404, "POST", dialect.update(index, "none"), '{"doc":{"n":4}}'],
    [400, "PUT", dialect.document(index, "misfit"), '{"at":"not a date"}'],
    [201, "PUT", `${dialect.document(index, "five")}?routing=r`, '{"title":"five"}'],
    [200, "POST", `${dialect.update(index, "five")}?routing=r`, '{"doc":{"n":5}}'],
    [201, "PUT", dialect.document(index, "a%2Fb%20c"), '{"title":"an odd id"}'],
    [200, "DELETE", dialect.document(index, "three")],
    [404, "DELETE", dialect.document(index, "nobody")],
    [201, "PUT", `${dialect.document(index, "versioned")}?version=5&version_type=external`, '{"n":5}'],
    [409, "PUT", `${dialect.document(index, "versioned")}?version=4&version_type=external`, '{"n":4}'],
  ];
  for (const [status, ...each] of calls) {
    const reply = await call(...each);
    assert.equal(reply.status, status, `${each.join(" ")}: ${reply.text}`);
  }
}

const json: NonNullable<Call["headers"]> = { "content-type": "application/json" };
