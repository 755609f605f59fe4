import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyBytes, withBase64Body, withTextBody } from "../../functions/core/http/body-bytes.ts";

const bytes = Buffer.from([0, 255, 10, 123]);

test("withBase64Body() shows base64 to whoever reads, copies or serialises the holder", () => {
  const holder = withBase64Body({ statusCode: 200 }, bytes);
  assert.equal(holder.body, "AP8Kew==");
  assert.deepEqual(JSON.parse(JSON.stringify(holder)), {
    statusCode: 200,
    isBase64Encoded: true,
    body: "AP8Kew==",
  });
  assert.equal({ ...holder }.body, "AP8Kew==");
});

test("bodyBytes() gives the very bytes of a holder of this process, and decodes all others", () => {
  const holder = withBase64Body({}, bytes);
  assert.equal(bodyBytes(holder), bytes);
  assert.deepEqual(bodyBytes({ ...holder }), bytes);
  assert.deepEqual(bodyBytes({ body: "ä", isBase64Encoded: false }), Buffer.from("ä"));
  assert.equal(bodyBytes({ body: null }).length, 0);
});

test("withTextBody() shows UTF-8 as text and other bytes as base64; the bytes stay behind it", () => {
  const text = Buffer.from("Zażółć");
  assert.deepEqual({ ...withTextBody({}, text) }, { body: "Zażółć", isBase64Encoded: false });
  assert.deepEqual({ ...withTextBody({}, bytes) }, { body: "AP8Kew==", isBase64Encoded: true });
  assert.equal(bodyBytes(withTextBody({}, text)), text);
});

test("bodyBytes() refuses a body that is no text", () => {
  const broken: unknown = JSON.parse('{"body": [1, 2]}');
  assert.ok(typeof broken === "object" && broken !== null && "body" in broken);
  assert.throws(() => Reflect.apply(bodyBytes, undefined, [broken]), TypeError);
});
