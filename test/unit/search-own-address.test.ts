import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { fakeRequest } from "../support/fake-request.ts";
import { reading } from "../support/fake-search-services.ts";

const nodes = (address: string) => ({
  cluster_name: "a",
  nodes: {
    n1: {
      name: "one",
      roles: ["data"],
      http: { bound_address: ["[::]:9200"], publish_address: address, max: "x".repeat(1500) },
    },
  },
});
const primary = () => ({ headers: { "content-type": "application/json" }, body: nodes("10.0.0.5:9200") });

test("a client that sniffs finds the gateway at the address that it used", async () => {
  const { read, primary: asked } = reading(primary);
  const found = async (line: string, headers: Record<string, string>) =>
    JSON.parse((await read(fakeRequest(line, "", { headers }))).body.toString());
  const host = "gateway:18000";
  for (const path of [
    "/_nodes/http",
    "/_nodes/_all/http",
    "/_nodes/http,settings?timeout=1s",
    "/_nodes/n1/http/",
    "/_nodes/settings%2Chttp",
  ]) {
    assert.deepEqual(await found(`GET ${path}`, { host }), nodes(host), path);
  }
  const proxied = { host: "search.example", "x-forwarded-proto": "https" };
  assert.deepEqual(await found("GET /_nodes/http", proxied), nodes("search.example:443"));
  assert.deepEqual(await found("GET /_nodes/http", { host: "plain" }), nodes("plain:80"));
  const zipped = { host, "accept-encoding": "gzip" };
  const { body } = await read(fakeRequest("GET /_nodes/http", "", { headers: zipped }));
  assert.ok(Buffer.isBuffer(body));
  assert.deepEqual(JSON.parse(gunzipSync(body).toString()), nodes(host));
  assert.equal(asked.requests.at(-1)?.headers?.["accept-encoding"], undefined);
});

test("what else is asked about nodes is PRIMARY's answer as it is", async () => {
  const { read } = reading(primary);
  for (const path of [
    "/_nodes",
    "/_nodes/_all",
    "/_nodes/transport",
    "/_nodes/http,transport",
    "/_nodes/stats/http",
    "/_nodes/my-http-node",
  ]) {
    const { body } = await read(fakeRequest(`GET ${path}`, "", { headers: { host: "gateway:18000" } }));
    assert.deepEqual(JSON.parse(body.toString()), nodes("10.0.0.5:9200"), path);
  }
});
