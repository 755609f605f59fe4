import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { plainBody, requestFrom } from "../../functions/core/http/request.ts";
import { fakeEvent, fakeRequest } from "../support/fake-request.ts";

test("requestFrom() takes method, encoded path, query, headers, body, time and id from the event", () => {
  const request = requestFrom(
    fakeEvent({
      httpMethod: "PUT",
      path: "/books/_doc/a%2Fb%20c",
      multiValueQueryStringParameters: { routing: ["a b"], q: ["1", "2"] },
      multiValueHeaders: { "Content-Type": ["application/json"], "X-Two": ["a", "b"] },
      body: '{"é":1}',
    }),
    77,
  );
  assert.deepEqual(request, {
    method: "PUT",
    path: "/books/_doc/a%2Fb%20c",
    query: "routing=a%20b&q=1&q=2",
    headers: { "content-type": "application/json", "x-two": ["a", "b"] },
    body: Buffer.from('{"é":1}'),
    receivedMs: 77,
    requestId: "request-1",
  });
});

test("requestFrom() decodes a base64 body to its very bytes", () => {
  const bytes = Buffer.from([0, 255, 10, 13, 0xc3, 0x28]);
  const event = fakeEvent({ body: bytes.toString("base64"), isBase64Encoded: true });
  assert.deepEqual(requestFrom(event, 0).body, bytes);
});

test("requestFrom() of an event without headers, query or body has none", () => {
  const { headers, query, body } = requestFrom(fakeEvent(), 0);
  assert.deepEqual({ headers, query, length: body.length }, { headers: {}, query: "", length: 0 });
});

test("requestFrom() rebuilds parameters that mean the same, special characters included", () => {
  const given = { a: [""], "b c": ["+ &=#%"], filter_path: ["a.*,-b/c:@"], ü: ["漢"] };
  const { query } = requestFrom(fakeEvent({ multiValueQueryStringParameters: given }), 0);
  const read = [...new URLSearchParams(query)];
  assert.deepEqual(
    read,
    Object.entries(given).map(([name, [value]]) => [name, value]),
  );
  assert.ok(query.includes("filter_path=a.*,-b/c:@"), query);
});

const text = Buffer.from('{"index":{}}\n'.repeat(100));

for (const [encoding, encoded] of [
  ["identity", text],
  ["gzip", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["GZIP ", gzipSync(text)],
  ["deflate", deflateSync(text)],
] as const) {
  test(`plainBody() undoes [${encoding}]`, async () => {
    const request = fakeRequest("POST /_bulk", encoded, { headers: { "content-encoding": encoding } });
    const plain = await plainBody(request, 10_000);
    assert.ok(plain.kind === "plain");
    assert.deepEqual(plain.body, text);
  });
}

test("plainBody() without an encoding, or of nothing, is the body as it came", async () => {
  assert.deepEqual(await plainBody(fakeRequest("POST /_bulk", text), 10), { kind: "plain", body: text });
  const empty = fakeRequest("POST /_bulk", "", { headers: { "content-encoding": "gzip" } });
  assert.equal((await plainBody(empty, 10)).kind, "plain");
});

async function refusal(encoding: string, body: Buffer, bytesMax: number) {
  const headers = { "content-encoding": encoding };
  const plain = await plainBody(fakeRequest("POST /_bulk", body, { headers }), bytesMax);
  assert.ok(plain.kind === "refused");
  const { error, status } = JSON.parse(plain.answer.body.toString());
  assert.equal(status, plain.answer.status);
  return { status, type: error.type };
}

test("plainBody() refuses a bomb with 413, having expanded no more than is allowed", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  assert.ok(bomb.length < 100_000);
  const before = process.memoryUsage().arrayBuffers;
  assert.deepEqual(await refusal("gzip", bomb, 1_000_000), {
    status: 413,
    type: "content_too_long_exception",
  });
  assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 1024 * 1024);
});

test("plainBody() takes a body of exactly the limit and refuses one byte more", async () => {
  const headers = { "content-encoding": "gzip" };
  const request = fakeRequest("POST /_bulk", gzipSync(Buffer.alloc(5000)), { headers });
  assert.equal((await plainBody(request, 5000)).kind, "plain");
  assert.equal((await refusal("gzip", request.body, 4999)).status, 413);
});

test("plainBody() takes names that every object has for unknown encodings", async () => {
  for (const encoding of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    assert.deepEqual(await refusal(encoding, gzipSync("x"), 100), {
      status: 415,
      type: "illegal_argument_exception",
    });
  }
});

test("plainBody() refuses an unknown encoding with 415 and a damaged body with 400", async () => {
  assert.equal((await refusal("br", text, 1000)).status, 415);
  assert.equal((await refusal("gzip, gzip", text, 1000)).status, 415);
  assert.equal((await refusal("gzip", text, 1000)).status, 400);
  assert.equal((await refusal("gzip", gzipSync(text).subarray(0, -6), 10_000)).status, 400);
});
