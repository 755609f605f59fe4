import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardRequestHeaders, forwardResponseHeaders } from "../../functions/core/cluster/headers.ts";

test("forwardRequestHeaders() drops the headers of this hop, and those that Connection names", () => {
  const forwarded = forwardRequestHeaders({
    Connection: "keep-alive, X-Mine",
    "X-Mine": "1",
    "Keep-Alive": "timeout=5",
    "Proxy-Authorization": "Basic x",
    "Proxy-Connection": "keep-alive",
    TE: "trailers",
    Trailer: "Expires",
    "Transfer-Encoding": "chunked",
    Upgrade: "h2c",
    Host: "gateway",
    "Content-Length": "3",
    Expect: "100-continue",
    "X-Forwarded-For": "10.0.0.1",
    "X-Amz-Date": "20260101",
    "X-Amzn-Trace-Id": "Root=1",
    "es-security-runas-user": "admin",
    Accept: "application/json",
  });
  assert.deepEqual(forwarded, { accept: "application/json" });
});

test("forwardRequestHeaders() keeps the rest in lower case, repeated fields included", () => {
  assert.deepEqual(
    forwardRequestHeaders({
      "Content-Type": "application/x-ndjson",
      "content-encoding": ["gzip"],
      "X-Elastic-Product": ["a", "b"],
      "x-elastic-product": "c",
      Empty: "",
      Absent: undefined,
      None: [],
      ["__proto__"]: "y",
    }),
    Object.fromEntries([
      ["content-type", "application/x-ndjson"],
      ["content-encoding", "gzip"],
      ["x-elastic-product", ["a", "b", "c"]],
      ["empty", ""],
      ["__proto__", "y"],
    ]),
  );
});

test("forwardRequestHeaders() lets authorization through once, and Connection cannot take it away", () => {
  const forwarded = forwardRequestHeaders({
    Authorization: ["Basic a", "Basic b"],
    authorization: "Basic c",
    connection: "authorization, content-encoding",
    "content-encoding": "gzip",
  });
  assert.deepEqual(forwarded, { authorization: "Basic a", "content-encoding": "gzip" });
});

test("forwardRequestHeaders() cuts X-Opaque-Id at 128 characters", () => {
  const forwarded = forwardRequestHeaders({ "X-Opaque-Id": "i".repeat(500) });
  assert.equal(forwarded["x-opaque-id"], "i".repeat(128));
});

test("forwardResponseHeaders() keeps what the cluster says to the client", () => {
  assert.deepEqual(
    forwardResponseHeaders({
      "content-type": "application/json",
      "content-encoding": "gzip",
      "content-length": "12",
      "transfer-encoding": "chunked",
      connection: "close",
      "proxy-authenticate": "Basic",
      "x-amzn-requestid": "1",
      warning: '299 a "b"',
      "www-authenticate": ["Basic", "ApiKey"],
      "x-opaque-id": "i".repeat(200),
      location: "/i/_doc/1",
    }),
    {
      "content-type": "application/json",
      "content-encoding": "gzip",
      warning: '299 a "b"',
      "www-authenticate": ["Basic", "ApiKey"],
      "x-opaque-id": "i".repeat(200),
      location: "/i/_doc/1",
    },
  );
});
