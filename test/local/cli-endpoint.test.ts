import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createAdmission } from "../../functions/core/runtime/admission.ts";
import type { Config } from "../../functions/core/runtime/config.ts";
import { sdkRequestHandler } from "../../infra/local/embedded/sdk-wire.ts";
import { createRestApi } from "../../infra/local/rest-api.ts";
import { type EndpointAccess, engineEndpoint, sqsPath } from "../../infra/local/sqs-endpoint.ts";
import { send } from "../support/client.ts";

/** The endpoint behind the real host, in front of an engine that answers with the path that it was asked. */
async function useEndpoint(access: EndpointAccess): Promise<string> {
  const engine = sdkRequestHandler(async ({ path }) => ({
    statusCode: 200,
    headers: { "content-type": "text/plain" },
    body: path,
  }));
  const endpoint = engineEndpoint("sqs", sqsPath, engine, access);
  const api = createRestApi({
    host: "127.0.0.1",
    port: 0,
    route: () => endpoint,
    bodyBytesMax: 1000,
    log: () => undefined,
  });
  const { port } = await api.listen();
  after(() => api.close());
  return `http://127.0.0.1:${port}`;
}

const call = { method: "POST", path: sqsPath, body: "{}" };
/** A gateway that listens there and lets callers in so. */
function gateway(host: string, authMode: Config["authMode"]): EndpointAccess {
  const settings = { authMode, client: { kind: "login", login: client } } as const;
  return { host, authMode, admit: createAdmission(settings, undefined) };
}

const client = { username: "operator", password: "secret" };

test("engineEndpoint() hands the engine the path below its own", async () => {
  const url = await useEndpoint(gateway("127.0.0.1", "none"));
  assert.deepEqual([(await send(url, call)).status, (await send(url, call)).text], [200, "/"]);
  assert.equal((await send(url, { ...call, path: `${sqsPath}/a%2Fb?x=1` })).text, "/a%2Fb");
});

test("engineEndpoint() with AUTH_MODE basic answers the gateway's credentials only", async () => {
  const url = await useEndpoint(gateway("127.0.0.1", "basic"));
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  assert.equal((await send(url, call)).status, 401);
  assert.equal((await send(url, { ...call, headers: basic("operator:guess") })).status, 401);
  assert.equal((await send(url, { ...call, headers: { authorization: "AWS4-HMAC-SHA256 x" } })).status, 401);
  assert.equal((await send(url, { ...call, headers: basic("operator:secret") })).status, 200);
});

test("engineEndpoint() answers nobody with AUTH_MODE passthrough, off loopback, or from a web page", async () => {
  const refused: [EndpointAccess, Readonly<Record<string, string>>][] = [
    [gateway("127.0.0.1", "passthrough"), { authorization: "Basic eDp5" }],
    [gateway("0.0.0.0", "none"), {}],
    [gateway("127.0.0.1", "none"), { origin: "http://127.0.0.1:18000" }],
    [gateway("127.0.0.1", "none"), { "sec-fetch-site": "same-origin" }],
    [gateway("127.0.0.1", "none"), { host: "rebound.example:18000" }],
    [gateway("127.0.0.1", "none"), { host: "[2001:db8::1]:18000" }],
  ];
  for (const [access, headers] of refused) {
    assert.equal((await send(await useEndpoint(access), { ...call, headers })).status, 403);
  }
});
