import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { BufferList } from "../../functions/core/cluster/buffer-list.ts";
import {
  authorizing,
  secretCredentials,
  sigv4Credentials,
} from "../../functions/core/cluster/credentials.ts";
import { createHeldSecret } from "../../functions/core/secret/held-secret.ts";
import { clusterOf, coded, httpNode } from "./cluster-servers.ts";

/** A secret whose value is the `authorization` itself. */
function rotating(read: () => Promise<string>) {
  return secretCredentials(createHeldSecret(read, authorizing, Date.now, () => undefined));
}

test("send() signs in with the new secret after a 401, and sends the write again, once", async (t) => {
  const seen: string[] = [];
  let valid = "ApiKey one";
  const { url } = await httpNode(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(`${request.headers.authorization} ${body}`);
    response.writeHead(request.headers.authorization === valid ? 200 : 401).end();
  });
  let secret = valid;
  const cluster = clusterOf(t, [url], { credentials: rotating(async () => secret) });
  const write = { method: "POST", path: "/_bulk", body: Buffer.from("lines") };
  assert.equal((await cluster.send(write)).status, 200);
  valid = secret = "ApiKey two";
  assert.equal((await cluster.send(write)).status, 200);
  valid = "ApiKey nobody has";
  assert.equal((await cluster.send(write)).status, 401);
  assert.deepEqual(seen, ["ApiKey one lines", "ApiKey one lines", "ApiKey two lines", "ApiKey two lines"]);
});

test("send() leaves a caller's own 401 alone", async (t) => {
  let requests = 0;
  let reads = 0;
  const { url } = await httpNode(t, (_, response) => {
    requests++;
    response.writeHead(401).end();
  });
  const credentials = rotating(async () => `ApiKey ${reads++}`);
  const own = { method: "GET", path: "/", headers: { authorization: "Basic own" } };
  assert.equal((await clusterOf(t, [url], { credentials }).send(own)).status, 401);
  assert.deepEqual([requests, reads], [1, 0]);
});

test("send() says refused, without sending anything, when the secret cannot be read", async (t) => {
  let requests = 0;
  const { url } = await httpNode(t, (_, response) => {
    requests++;
    response.end();
  });
  const credentials = rotating(() => Promise.reject(new Error("access denied")));
  const cluster = clusterOf(t, [url], { credentials });
  await assert.rejects(cluster.send({ method: "GET", path: "/" }), coded("refused"));
  await assert.rejects(cluster.send({ method: "GET", path: "/" }), /own credentials cannot be read/);
  assert.equal(requests, 0);
});

test("send() signs with SigV4 what it really sends: the node's host, its path prefix, the query", async (t) => {
  const seen: unknown[] = [];
  const { url } = await httpNode(t, ({ headers, url: target }, response) => {
    const signed = /SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$/.exec(headers.authorization ?? "")?.[1];
    seen.push([target, headers.host === url.host, signed, headers["x-amz-date"]]);
    response.end();
  });
  const aws = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: undefined };
  const credentials = sigv4Credentials({ service: "es", region: "eu-west-1" }, aws, () =>
    Date.UTC(2026, 10, 22),
  );
  const cluster = clusterOf(t, [new URL("prefix/", url)], { credentials });
  await cluster.send({
    method: "GET",
    path: "/a/_doc/b%2Fc",
    query: "pretty",
    headers: { "user-agent": "x" },
  });
  const signed = "host;x-amz-content-sha256;x-amz-date";
  assert.deepEqual(seen, [["/prefix/a/_doc/b%2Fc?pretty", true, signed, "20261122T000000Z"]]);
});

test("send() signs buffers that follow one another as the one body that they are", async (t) => {
  const hashes: unknown[] = [];
  const { url } = await httpNode(t, ({ headers }, response) => {
    hashes.push(headers["x-amz-content-sha256"]);
    response.end();
  });
  const aws = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: undefined };
  const credentials = sigv4Credentials({ service: "es", region: "eu-west-1" }, aws, () => 0);
  const cluster = clusterOf(t, [url], { credentials });
  const body = new BufferList([Buffer.from("ab"), Buffer.from("c")]);
  await cluster.send({ method: "POST", path: "/_bulk", body });
  assert.deepEqual(hashes, [createHash("sha256").update("abc").digest("hex")]);
});
