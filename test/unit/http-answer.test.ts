import assert from "node:assert/strict";
import { test } from "node:test";
import { errorAnswer, proxyResult } from "../../functions/core/http/answer.ts";
import { withoutParameters, withParameter } from "../../functions/core/http/parameters.ts";

test("errorAnswer() has Elasticsearch's shape, so that every client reads it as an error", () => {
  const { status, headers, body } = errorAnswer(429, "es_rejected_execution_exception", 'too "much"', {
    retryAfterSeconds: 3,
  });
  assert.equal(status, 429);
  assert.deepEqual(headers, { "content-type": "application/json; charset=UTF-8", "retry-after": "3" });
  const cause = { type: "es_rejected_execution_exception", reason: 'too "much"' };
  assert.deepEqual(JSON.parse(body.toString()), { error: { root_cause: [cause], ...cause }, status: 429 });
});

test("errorAnswer() has no Retry-After unless it is given", () => {
  assert.equal(errorAnswer(500, "x", "y").headers["retry-after"], undefined);
  assert.equal(
    errorAnswer(500, "x", "y", { retryAfterSeconds: undefined }).headers["retry-after"],
    undefined,
  );
});

test("proxyResult() carries any bytes and repeated headers", () => {
  const body = Buffer.from([0, 255, 0xc3, 0x28]);
  const result = proxyResult({ status: 201, headers: { a: "1", warning: ["x", "y"] }, body });
  assert.equal(result.statusCode, 201);
  assert.equal(result.isBase64Encoded, true);
  assert.deepEqual(Buffer.from(result.body, "base64"), body);
  assert.deepEqual(result.headers, { a: "1" });
  assert.deepEqual(result.multiValueHeaders, { warning: ["x", "y"] });
});

test("proxyResult() carries UTF-8 as text: API Gateway decodes base64 only for a client that sends `accept`", () => {
  const text = '\ufeff{"title":"Zażółć 😀","n":9007199254740993}\n\u0000';
  const result = proxyResult({ status: 200, headers: {}, body: Buffer.from(text) });
  assert.equal(result.isBase64Encoded, false);
  assert.equal(result.body, text);
  assert.deepEqual(JSON.parse(JSON.stringify(result)), { ...result });
});

test("withoutParameters() takes the named ones away, however they are spelled, and no byte of the others", () => {
  const names = ["filter_path", "format"];
  assert.equal(withoutParameters("", names), "");
  assert.equal(withoutParameters("refresh&a=b%20c+d&filter%5Fpath=x&é", names), "refresh&a=b%20c+d&é");
  assert.equal(withoutParameters("filter_path=a&filter_path=b&format=yaml", names), "");
  assert.equal(withoutParameters("filter_paths=a&xformat", names), "filter_paths=a&xformat");
});

test("withParameter() adds one, escaped", () => {
  assert.equal(withParameter("", "op_type", "create"), "op_type=create");
  assert.equal(withParameter("a=b", "x y", "&"), "a=b&x%20y=%26");
});
