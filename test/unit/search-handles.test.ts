import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ClusterName } from "../../functions/core/cluster/port.ts";
import { searchWithFailover } from "../../functions/search/search-with-failover.ts";
import { type FakeAnswer, noAnswer, textOf } from "../support/fake-cluster.ts";
import { fakeHandles } from "../support/fake-handles.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { reading } from "../support/fake-search-services.ts";

const json = (body: unknown): FakeAnswer => ({ headers: { "content-type": "application/json" }, body });
const sealed = (cluster: ClusterName, original: string) => fakeHandles.seal({ cluster, original });
const bytesOf = async (body: Buffer | Readable) => (Buffer.isBuffer(body) ? body : await buffer(body));

async function told(answer: { readonly body: Buffer | Readable }) {
  return JSON.parse((await bytesOf(answer.body)).toString());
}

const hits =
  '"hits":{"hits":[{"_id":"1","_source":{"_scroll_id":"mine","pit_id":"mine","id":12345678901234567890}}]}';

test("searchWithFailover() seals the scroll id that a search gives, and nothing else of its answer", async () => {
  const { read } = reading(() => json(`{"_scroll_id":"abc==",${hits}}`));
  const { body } = await read(fakeRequest("POST /a/_search?scroll=1m", "{}"));
  assert.equal(body.toString(), `{"_scroll_id":"${sealed("primary", "abc==")}",${hits}}`);
});

test("searchWithFailover() leaves a search without scroll or point in time alone, compressed as it comes", async () => {
  const { read, primary } = reading(() => json(`{"_scroll_id":"abc"}`));
  const headers = { "accept-encoding": "gzip", accept: "application/cbor" };
  const { body } = await read(fakeRequest("POST /a/_search", '{"query":{}}', { headers }));
  assert.equal(body.toString(), `{"_scroll_id":"abc"}`);
  assert.deepEqual(primary.requests[0]?.headers, headers);
});

test("searchWithFailover() looks at the path's scroll id only where the body has none, as both products do", async () => {
  const { read, primary, backup } = reading(() => json({ took: 1 }));
  const other = sealed("backup", "of-backup");
  for (const inPath of ["nonsense", other]) {
    const body = `{"scroll_id":"${sealed("primary", "abc")}"}`;
    await read(fakeRequest(`POST /_search/scroll/${inPath}`, body));
    await read(fakeRequest(`DELETE /_search/scroll/${inPath}`, body));
  }
  assert.deepEqual(
    primary.requests.map(({ path, body }) => `${path} ${body}`),
    [
      '/_search/scroll/abc {"scroll_id":"abc"}',
      '/_search/scroll {"scroll_id":["abc"]}',
      '/_search/scroll/abc {"scroll_id":"abc"}',
      '/_search/scroll {"scroll_id":["abc"]}',
    ],
  );
  assert.equal(backup.requests.length, 0);
});

/** Each with the sealed handle in its place, and what the cluster is to get. */
const carriers = (handle: string) =>
  [
    [
      "POST /_search/scroll",
      `{"scroll":"1m","scroll_id":"${handle}"}`,
      "POST /_search/scroll?",
      '{"scroll":"1m","scroll_id":"abc=="}',
    ],
    ["GET /_search/scroll", `{"scroll_id":["${handle}"]}`, "GET /_search/scroll?", '{"scroll_id":["abc=="]}'],
    [
      `GET /_search/scroll?scroll=1m&scroll_id=${handle}`,
      "",
      "GET /_search/scroll?scroll=1m&scroll_id=abc%3D%3D",
      "",
    ],
    [`GET /_search/scroll/${handle}?scroll=1m`, "", "GET /_search/scroll/abc%3D%3D?scroll=1m", ""],
    [
      "POST /_search",
      `{"pit": {"keep_alive":"1m","id" : "${handle}"},"size":1.0}`,
      "POST /_search?",
      '{"pit": {"keep_alive":"1m","id" : "abc=="},"size":1.0}',
    ],
    [
      "POST /_msearch",
      `{}\n{"pit":{"id":"${handle}"}}\n{}\n{"n":1e2}\n`,
      "POST /_msearch?",
      '{}\n{"pit":{"id":"abc=="}}\n{}\n{"n":1e2}\n',
    ],
    ["POST /_sql", `{"cursor":"${handle}"}`, "POST /_sql?", '{"cursor":"abc=="}'],
    [`GET /_async_search/${handle}`, "", "GET /_async_search/abc%3D%3D?", ""],
    [`DELETE /_async_search/${handle}`, "", "DELETE /_async_search/abc%3D%3D?", ""],
  ] as const;

for (const at of carriers("").keys()) {
  const [what = ""] = carriers("H")[at] ?? [];
  test(`searchWithFailover() takes the handle of [${what}] to the cluster that gave it, and to no other`, async () => {
    for (const cluster of ["primary", "backup"] as const) {
      const { read, primary, backup } = reading(
        () => json({ took: 1 }),
        () => json({ took: 1 }),
      );
      const [line = "", body = "", wantedLine = "", wantedBody = ""] =
        carriers(sealed(cluster, "abc=="))[at] ?? [];
      const answer = await read(fakeRequest(line, body));
      assert.equal(answer.status, 200);
      const [owner, other] = cluster === "primary" ? [primary, backup] : [backup, primary];
      assert.equal(other.requests.length, 0);
      const [request] = owner.requests;
      assert.equal(`${request?.method} ${request?.path}?${request?.query}`, wantedLine);
      assert.equal(textOf(request), wantedBody);
      assert.equal(answer.headers["x-understudy-served-by"], cluster === "backup" ? "backup" : undefined);
    }
  });

  test(`searchWithFailover() answers [${what}] itself where the handle is foreign or altered`, async () => {
    for (const handle of ["garbage", `${sealed("primary", "abc==")}x`]) {
      const { read, primary, backup } = reading(
        () => json({}),
        () => json({}),
      );
      const [line = "", body = ""] = carriers(handle)[at] ?? [];
      const answer = await read(fakeRequest(line, body));
      assert.equal(answer.status, 404);
      const { error, status } = await told(answer);
      assert.equal(status, 404);
      assert.equal(error.root_cause[0].type, "search_context_missing_exception");
      assert.equal(error.failed_shards[0].reason.type, "search_context_missing_exception");
      assert.equal(error.caused_by.type, "search_context_missing_exception");
      assert.equal(primary.requests.length + backup.requests.length, 0);
    }
  });

  test(`searchWithFailover() says to [${what}] that the context is missing while its cluster is away`, async () => {
    const { read, backup, services } = reading(noAnswer("primary", "refused"), () => json({}));
    const [line = "", body = ""] = carriers(sealed("primary", "abc=="))[at] ?? [];
    const answer = await read(fakeRequest(line, body));
    assert.equal(answer.status, 404);
    assert.equal(backup.requests.length, 0);
    assert.equal(services.primaryHealth.state(), "down");
  });
}

test("searchWithFailover() seals what the endpoints of handles give, each in its place", async () => {
  const given: readonly (readonly [line: string, answer: string, sealedAnswer: string])[] = [
    ["POST /a/_pit", '{"id":"X"}', '{"id":"S"}'],
    ["POST /a/_search/point_in_time", '{"pit_id":"X","creation_time":1}', '{"pit_id":"S","creation_time":1}'],
    [
      "GET /_search/point_in_time/_all",
      '{"pits":[{"pit_id":"X"},{"pit_id":"X"}]}',
      '{"pits":[{"pit_id":"S"},{"pit_id":"S"}]}',
    ],
    [
      "POST /a/_async_search",
      `{"id":"X","response":{"pit_id":"X",${hits}}}`,
      `{"id":"S","response":{"pit_id":"S",${hits}}}`,
    ],
    ["POST /_sql", '{"rows":[["cursor","id"]],"cursor":"X"}', '{"rows":[["cursor","id"]],"cursor":"S"}'],
    ["POST /_sql", '{"rows":[],"cursor":""}', '{"rows":[],"cursor":""}'],
  ];
  for (const [line, answer, wanted] of given) {
    const { read } = reading(() => json(answer));
    const { body } = await read(fakeRequest(line, "{}"));
    assert.equal(body.toString(), wanted.replaceAll('"S"', JSON.stringify(sealed("primary", "X"))), line);
  }
});

test("searchWithFailover() seals a cursor that stands in a header, beside an answer in text", async () => {
  const { read } = reading(() => ({ headers: { "content-type": "text/csv", cursor: "X" }, body: "a,b" }));
  const { headers, body } = await read(fakeRequest("POST /_sql?format=csv", "{}"));
  assert.equal(headers["cursor"], sealed("primary", "X"));
  assert.equal(body.toString(), "a,b");
});

test("searchWithFailover() gives BACKUP's handle as BACKUP's, and asks it for the next page although PRIMARY is back", async () => {
  const { read, primary, backup } = reading(noAnswer("primary", "refused"), () =>
    json('{"_scroll_id":"b1"}'),
  );
  const first = await told(await read(fakeRequest("POST /a/_search?scroll=1m", "{}")));
  assert.equal(first._scroll_id, sealed("backup", "b1"));
  primary.answer(() => json('{"_scroll_id":"p1"}'));
  const { _scroll_id: scroll_id } = first;
  const second = await told(await read(fakeRequest("POST /_search/scroll", JSON.stringify({ scroll_id }))));
  assert.equal(second._scroll_id, sealed("backup", "b1"));
  assert.equal(primary.requests.length, 1);
  assert.equal(textOf(backup.requests[1]), '{"scroll_id":"b1"}');
});

test("searchWithFailover() asks for readable handles, and compresses the answer itself where the client asked for it", async () => {
  const page = `{"_scroll_id":"abc","x":"${"y".repeat(5000)}"}`;
  const wanted = page.replace("abc", sealed("primary", "abc"));
  const headers = { "accept-encoding": "gzip, deflate", accept: "application/smile" };
  const { read, primary } = reading(() => json(page));
  const whole = await read(fakeRequest("POST /a/_search?scroll=1m&format=cbor", "{}", { headers }));
  assert.equal(primary.requests[0]?.query, "scroll=1m");
  assert.deepEqual(primary.requests[0]?.headers, {});
  assert.equal(whole.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(await bytesOf(whole.body)).toString(), wanted);
  const long = "z".repeat(2_000_000);
  const streamed = reading(
    () => json(""),
    undefined,
    async () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: Readable.from(
        [Buffer.from('{"_scroll'), Buffer.from('_id":"ab'), Buffer.from(`c","x":"${long}"}`)],
        {
          objectMode: false,
        },
      ),
    }),
  );
  const answer = await streamed.read(fakeRequest("POST /a/_search?scroll=1m", "{}", { headers }));
  assert.ok(!Buffer.isBuffer(answer.body));
  const text = gunzipSync(await bytesOf(answer.body)).toString();
  assert.equal(text, `{"_scroll_id":"${sealed("primary", "abc")}","x":"${long}"}`);
});

test("searchWithFailover() reads a compressed body for its handle", async () => {
  const { read, primary } = reading(() => json({}));
  const body = gzipSync(`{"pit":{"id":"${sealed("primary", "X")}"}}`);
  const headers = { "content-encoding": "gzip", "content-type": "application/json" };
  await read(fakeRequest("POST /_search", body, { headers }));
  assert.equal(textOf(primary.requests[0]), '{"pit":{"id":"X"}}');
  assert.deepEqual(primary.requests[0]?.headers, { "content-type": "application/json" });
});

test("searchWithFailover() leaves a body that it cannot decode to the cluster, and refuses one that grows too long", async () => {
  const { read, primary } = reading(() => json({}));
  const sent = async (encoding: string, body: Buffer) =>
    (await read(fakeRequest("POST /_search", body, { headers: { "content-encoding": encoding } }))).status;
  assert.equal(await sent("zstd", Buffer.from("no gzip")), 200);
  assert.equal(await sent("gzip", Buffer.from("no gzip")), 200);
  assert.equal(textOf(primary.requests[1]), "no gzip");
  assert.equal(await sent("gzip", gzipSync(Buffer.alloc(2_000_000))), 413);
  assert.equal(primary.requests.length, 2);
});

test("searchWithFailover() forwards no request that needs a handle where one may stand unseen", async () => {
  const { read, primary, backup } = reading(() => json({}));
  const yaml = { "content-type": "application/yaml; x=json" };
  const zstd = { "content-type": "application/json", "content-encoding": "zstd" };
  const hidden = [
    fakeRequest("POST /_search/scroll", "scroll_id: raw", { headers: yaml }),
    fakeRequest(`POST /_search/scroll/${sealed("primary", "p1")}`, "scroll_id: raw", { headers: yaml }),
    fakeRequest("DELETE /_search/point_in_time", "pit_id: raw", { headers: yaml }),
    fakeRequest("POST /_search/scroll", "no json", { headers: zstd }),
    fakeRequest('GET /_search/scroll?source={"scroll_id":"raw"}&source_content_type=application/json'),
    fakeRequest("DELETE /_search/scroll", '{"scroll_id":["_all","raw"]}'),
  ];
  for (const request of hidden) {
    const { status } = await read(request);
    assert.equal(status, request.path === "/_search/point_in_time" ? 200 : 404);
  }
  assert.equal(primary.requests.length + backup.requests.length, 0);
  // What is missing altogether, or is no handle's endpoint, the cluster says better.
  await read(fakeRequest("POST /_search/scroll"));
  await read(fakeRequest("POST /_search", "query: {}", { headers: yaml }));
  assert.equal(primary.requests.length, 2);
});

test("searchWithFailover() frees the handles of several clusters at each, and forgets those that nobody gave", async () => {
  const { read, primary, backup } = reading(
    () => json({ succeeded: true, num_freed: 2 }),
    () => json({ succeeded: true, num_freed: 1 }),
  );
  const scroll_id = [sealed("primary", "p1"), "garbage", sealed("backup", "b1"), sealed("primary", "p2")];
  const answer = await read(fakeRequest("DELETE /_search/scroll", JSON.stringify({ scroll_id })));
  assert.deepEqual([answer.status, await told(answer)], [200, { succeeded: true, num_freed: 3 }]);
  assert.equal(textOf(primary.requests[0]), '{"scroll_id":["p1","p2"]}');
  assert.equal(textOf(backup.requests[0]), '{"scroll_id":["b1"]}');
});

test("searchWithFailover() frees the handles of several clusters for a client that reads gzip", async () => {
  const zipped = (body: object, given: FakeAnswer["headers"]) =>
    given?.["accept-encoding"] === undefined
      ? json(body)
      : { headers: { "content-encoding": "gzip" }, body: gzipSync(JSON.stringify(body)) };
  const pits = (id: string) => ({ pits: [{ successful: true, pit_id: id.padEnd(2000, "x") }] });
  const { read } = reading(
    ({ headers, path }) =>
      zipped(path.endsWith("scroll") ? { succeeded: true, num_freed: 2 } : pits("p"), headers),
    ({ headers, path }) =>
      zipped(path.endsWith("scroll") ? { succeeded: true, num_freed: 1 } : pits("b"), headers),
  );
  const headers = { "accept-encoding": "gzip" };
  const ids = [sealed("primary", "p1"), sealed("backup", "b1")];
  const freed = (path: string, body: object) =>
    read(fakeRequest(`DELETE ${path}`, JSON.stringify(body), { headers }));
  assert.deepEqual(await told(await freed("/_search/scroll", { scroll_id: ids })), {
    succeeded: true,
    num_freed: 3,
  });
  const closed = await freed("/_search/point_in_time", { pit_id: ids });
  assert.equal(JSON.parse(gunzipSync(await bytesOf(closed.body)).toString()).pits.length, 2);
});

test("searchWithFailover() asks PRIMARY for the next page although it failed a moment ago", async () => {
  const { read, primary, services } = reading(() => json('{"_scroll_id":"p1"}'));
  services.primaryHealth.failed();
  const scroll_id = sealed("primary", "p1");
  const answer = await read(fakeRequest("POST /_search/scroll", JSON.stringify({ scroll_id })));
  assert.equal(answer.status, 200);
  assert.equal(primary.requests.length, 1);
});

test("searchWithFailover() needs the handles' key only where a request brings or gets a handle", async () => {
  const { primary, services } = reading(() => json("{}"));
  const handles = () => Promise.reject(new Error("the key cannot be read"));
  const read = (line: string, body: string) =>
    searchWithFailover(fakeRequest(line, body), { ...services, handles });
  assert.equal((await read("POST /books/_search", "{}")).status, 200);
  assert.equal((await read("POST /_msearch", "{}\n{}\n")).status, 200);
  await assert.rejects(read("POST /books/_search?scroll=1m", "{}"), /the key/);
  await assert.rejects(read("POST /_search", '{"pit":{"id":"x"}}'), /the key/);
  // Nobody could end a context whose handle nobody gets.
  assert.equal(primary.requests.length, 2);
});

test("searchWithFailover() tells when one of several clusters refuses to free", async () => {
  const { read } = reading(
    () => ({ status: 403, ...json({ error: { type: "security_exception" }, status: 403 }) }),
    () => json({ succeeded: true, num_freed: 1 }),
  );
  const scroll_id = [sealed("primary", "p1"), sealed("backup", "b1")];
  const answer = await read(fakeRequest("DELETE /_search/scroll", JSON.stringify({ scroll_id })));
  assert.equal(answer.status, 403);
});

test("searchWithFailover() frees handles in the client's own media type", async () => {
  const vendor = "application/vnd.elasticsearch+json; compatible-with=8";
  const body = JSON.stringify({ scroll_id: [sealed("primary", "p1")] });
  for (const [line, headers] of [
    ["DELETE /_search/scroll", { accept: vendor, "content-type": vendor }],
    [`DELETE /_search/scroll/${sealed("primary", "p1")}`, { accept: vendor }],
  ] as const) {
    const { read, primary } = reading(() => json({ succeeded: true, num_freed: 2 }));
    await read(fakeRequest(line, line.endsWith("scroll") ? body : "", { headers }));
    assert.deepEqual(primary.requests[0]?.headers, { accept: vendor, "content-type": vendor });
  }
});

test("searchWithFailover() frees handles that stand in path or query, and answers as Elasticsearch where there are none", async () => {
  const inPath = reading(() => json({ succeeded: true, num_freed: 2 }));
  await inPath.read(
    fakeRequest(`DELETE /_search/scroll/${sealed("primary", "a")},${sealed("primary", "b")}`),
  );
  assert.equal(inPath.primary.requests[0]?.path, "/_search/scroll");
  assert.equal(textOf(inPath.primary.requests[0]), '{"scroll_id":["a","b"]}');
  const unknown: readonly (readonly [line: string, body: string, status: number, answer: unknown])[] = [
    ["DELETE /_search/scroll/garbage", "", 404, { succeeded: true, num_freed: 0 }],
    ["DELETE /_pit", '{"id":"garbage"}', 404, { succeeded: false, num_freed: 0 }],
    ["DELETE /_search/point_in_time", '{"pit_id":["garbage"]}', 200, { pits: [] }],
  ];
  for (const [line, body, status, wanted] of unknown) {
    const { read, primary } = reading(() => json({}));
    const answer = await read(fakeRequest(line, body));
    assert.deepEqual([answer.status, await told(answer)], [status, wanted], line);
    assert.equal(primary.requests.length, 0);
  }
});

test("searchWithFailover() frees all contexts of PRIMARY only: BACKUP's may be somebody else's", async () => {
  for (const [line, body] of [
    ["DELETE /_search/scroll/_all", ""],
    ["DELETE /_search/scroll", '{"scroll_id":"_all"}'],
    ["DELETE /_search/point_in_time/_all", ""],
  ] as const) {
    const { read, primary, backup } = reading(() => json({ succeeded: true, num_freed: 9 }));
    await read(fakeRequest(line, body));
    assert.equal(`${primary.requests[0]?.method} ${primary.requests[0]?.path}`, line.split("?")[0]);
    assert.equal(textOf(primary.requests[0]), body);
    assert.equal(backup.requests.length, 0);
  }
});
