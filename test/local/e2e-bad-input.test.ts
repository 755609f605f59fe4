import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { bulk, type Call, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// What no client should send: a clear refusal in Elasticsearch's shape, and nothing half done.

const pair = await usePair();
const { skip } = pair;
const bodyBytesMax = 64 * 1024;
const gateway = skip ? undefined : await useGateway(pair, { BODY_BYTES_MAX: String(bodyBytesMax) });

const errorSchema = v.object({
  error: v.object({ type: v.string(), reason: v.string(), root_cause: v.array(v.unknown()) }),
  status: v.number(),
});

/** Sends it and gives the refusal; asserts that not one document of it exists on either cluster. */
async function refusal(call: Call) {
  assert.ok(gateway);
  const { status, headers, json } = await send(gateway.endpoint, call);
  assert.ok(status >= 400 && status < 500, `${call.path} answers ${status}`);
  assert.match(headers["content-type"] ?? "", /^application\/json/);
  const refused = v.parse(errorSchema, json());
  assert.equal(refused.status, status);
  await gateway.settled();
  for (const { endpoint } of [pair.primary, pair.backup]) {
    const { status: exists } = await send(endpoint, { method: "HEAD", path: "/bad" });
    assert.equal(exists, 404, "nothing was written");
  }
  return { status, type: refused.error.type, reason: refused.error.reason };
}

const good = bulk({ index: { _id: "1" } }, { n: 1 });
const post = (body: unknown, headers: Record<string, string> = {}): Call => ({
  method: "POST",
  path: "/bad/_bulk",
  body,
  headers: { "content-type": "application/x-ndjson", ...headers },
});

test("bulk: a malformed action line refuses the whole request", { skip }, async () => {
  const lines = [
    '{"index":',
    "index",
    '{"index":[]}',

    "{}",
    "[]",
    '"x"',
  ];
  for (const line of lines) {
    const { status, type } = await refusal(post(`${good}${line}\n{"n":2}\n`));
    assert.equal(status, 400, line);
    assert.match(type, /^(illegal_argument|json_e_o_f|json_parse|parse|x_content_parse)_exception$/, line);
  }
});

test("bulk: unknown actions and parameters refuse the whole request", { skip }, async () => {
  const actions = [
    { frob: { _id: "2" } },
    { INDEX: { _id: "2" } },
    { index: { _id: "2", nothing: 1 } },
    { index: { _id: "2", version: -1, version_type: "external" } },
    { index: { version: 2, version_type: "external" } },
    { create: { _id: "2", version: 2, version_type: "external" } },
  ];
  for (const action of actions) {
    const { status } = await refusal(post(`${good}${bulk(action, { n: 2 })}`));
    assert.equal(status, 400, JSON.stringify(action));
  }
});

test("bulk: a last line without its newline, or without its document, is refused", { skip }, async () => {
  const cut = await refusal(post(good.trimEnd()));
  assert.deepEqual([cut.status, cut.type], [400, "illegal_argument_exception"]);
  assert.match(cut.reason, /must be terminated by a newline/);
  assert.equal((await refusal(post(`${good}${bulk({ index: { _id: "2" } })}`))).status, 400);
  assert.equal((await refusal(post(""))).status, 400);
  assert.equal((await refusal(post("\n"))).status, 400);
});

test("bulk: an id of more than 512 bytes refuses the whole request", { skip }, async () => {
  for (const id of ["x".repeat(513), "é".repeat(257)]) {
    const { status, type } = await refusal(post(good + bulk({ index: { _id: id } }, { n: 2 })));
    assert.deepEqual([status, type], [400, "action_request_validation_exception"]);
  }
});

test("body: larger than BODY_BYTES_MAX is 413, with and without a declared length", { skip }, async () => {
  const large = bulk({ index: { _id: "1" } }, { text: "x".repeat(bodyBytesMax) });
  assert.equal((await refusal(post(large))).status, 413);
  assert.equal((await refusal(post(large, { "transfer-encoding": "chunked" }))).status, 413);
});

test("body: an encoding that is wrong or unknown is refused", { skip }, async () => {
  const gzip = { "content-encoding": "gzip" };
  assert.equal((await refusal(post(good, gzip))).status, 400);
  assert.equal((await refusal(post(gzipSync(good).subarray(0, -4), gzip))).status, 400);
  assert.equal((await refusal(post(good, { "content-encoding": "br" }))).status, 415);
  assert.equal((await refusal(post(good, { "content-encoding": "gzip, gzip" }))).status, 415);
});

test("body: a small body that decodes to a large one is 413", { skip }, async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, " "));
  assert.ok(bomb.length < bodyBytesMax);
  const gzip = { "content-encoding": "gzip" };
  assert.equal((await refusal(post(bomb, gzip))).status, 413);
  const document = { method: "PUT", path: "/bad/_doc/1", body: bomb, headers: { ...gzip } };
  assert.equal((await refusal(document)).status, 413);
});

test("path: what leaves its folder is refused", { skip }, async () => {
  for (const path of ["/bad/../x/_doc/1", "/bad/_doc/%2e%2e", "/bad/_doc/a%00b", "/bad\\x/_doc/1"]) {
    const { status } = await refusal({ method: "PUT", path, body: { n: 1 } });
    assert.equal(status, 400, path);
  }
});

test("gateway: after all of that it serves, and both clusters are equal", { skip }, async () => {
  assert.ok(gateway);
  const { status } = await send(gateway.endpoint, post(good));
  assert.equal(status, 200);
  await gateway.settled();
  const { documents, differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint);
  assert.deepEqual({ documents, differences }, { documents: 1, differences: [] });
  assert.doesNotMatch(await gateway.log(), /"level":"error"/);
});
