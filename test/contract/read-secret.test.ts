import assert from "node:assert/strict";
import { test } from "node:test";
import { readSecret, SecretUnreadable } from "../../functions/core/secret/read-secret.ts";
import { httpNode } from "./cluster-servers.ts";

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:primary-AbCdEf";
const credentials = { accessKeyId: "AKID", secretAccessKey: "key", sessionToken: "token" };

test("readSecret() asks as AWS's SDK does, for the secret's region, and tries again what may pass", async (t) => {
  const seen: unknown[] = [];
  const { url } = await httpNode(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { authorization = "", ...headers } = request.headers;
    seen.push([request.method, request.url, headers["x-amz-target"], headers["x-amz-security-token"], body]);
    assert.match(authorization, /Credential=AKID\/\d{8}\/eu-west-1\/secretsmanager\/aws4_request/);
    if (seen.length === 1) response.writeHead(503).end("{}");
    else response.end(JSON.stringify({ ARN: arn, SecretString: "the text" }));
  });
  assert.equal(await readSecret(arn, { credentials, endpoint: url }), "the text");
  const asked = ["POST", "/", "secretsmanager.GetSecretValue", "token", JSON.stringify({ SecretId: arn })];
  assert.deepEqual(seen, [asked, asked]);
});

test("readSecret() says which secret was refused and why, at once", async (t) => {
  let requests = 0;
  const { url } = await httpNode(t, (_, response) => {
    requests++;
    response.writeHead(400).end(JSON.stringify({ __type: "AccessDeniedException", message: "not yours" }));
  });
  await assert.rejects(readSecret(arn, { credentials, endpoint: url }), (error) => {
    assert.ok(error instanceof SecretUnreadable);
    assert.match(error.message, /secret:primary-AbCdEf.*400 AccessDeniedException not yours/);
    return true;
  });
  assert.equal(requests, 1);
});
