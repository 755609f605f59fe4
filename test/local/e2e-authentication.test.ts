import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { send } from "../support/client.ts";
import { runGateway, useGateway } from "../support/gateway.ts";

// Who reaches which cluster as whom. The distributions for tests have no security, so these clusters are bare HTTP.

interface Guarded {
  readonly endpoint: string;
  /** Who asked, in order; the gateway's own questions are not counted. */
  readonly callers: (string | undefined)[];
  /** Answers these callers only; everybody where it is `undefined`. */
  known: readonly string[] | undefined;
  stop(): void;
}

async function guarded(known?: readonly string[]): Promise<Guarded> {
  const callers: (string | undefined)[] = [];
  const cluster = { callers, known };
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    const caller = incoming.headers.authorization;
    if (incoming.headers["x-test"] !== undefined) callers.push(caller);
    const accepted = cluster.known === undefined || cluster.known.includes(caller ?? "");
    const status = accepted ? 200 : 401;
    outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ status }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  after(stop);
  return Object.assign(cluster, { endpoint: `http://127.0.0.1:${address.port}`, stop });
}

const basic = (name: string) => `Basic ${Buffer.from(`${name}:secret`).toString("base64")}`;
const service = basic("service");
const signedIn = {
  PRIMARY_USERNAME: "service",
  PRIMARY_PASSWORD: "secret",
  BACKUP_USERNAME: "service",
  BACKUP_PASSWORD: "secret",
};

const read = (endpoint: string, authorization?: string) =>
  send(endpoint, {
    path: "/a/_search",
    headers: { "x-test": "1", ...(authorization !== undefined && { authorization }) },
  });

test("passthrough: clusters see the client's own credentials of any kind, and nobody comes in without", async () => {
  const callers = [basic("ada"), "ApiKey aWQ6a2V5", "Bearer ey.J.w"];
  const primary = await guarded([...callers, service]);
  const backup = await guarded([basic("ada"), service]);
  const { endpoint } = await useGateway({ primary, backup }, { AUTH_MODE: "passthrough", ...signedIn });
  for (const caller of callers) assert.equal((await read(endpoint, caller)).status, 200);
  assert.deepEqual(primary.callers, callers);
  const stranger = await read(endpoint);
  assert.equal(stranger.status, 401);
  assert.match(String(stranger.headers["www-authenticate"]), /^Basic realm=/);
  assert.equal((await read(endpoint, basic("eve"))).status, 401);
  assert.equal(backup.callers.length, 0);

  primary.stop();
  const ada = await read(endpoint, basic("ada"));
  assert.deepEqual([ada.status, ada.headers["x-understudy-served-by"]], [200, "backup"]);
  assert.equal((await read(endpoint, basic("eve"))).status, 401);
  assert.equal((await read(endpoint)).status, 401);
  assert.deepEqual(backup.callers, [basic("ada"), basic("eve")]);
});

test("passthrough: a BACKUP that checks nobody is not fallen back to", async () => {
  const primary = await guarded([basic("ada"), service]);
  const backup = await guarded();
  const { endpoint } = await useGateway({ primary, backup }, { AUTH_MODE: "passthrough", ...signedIn });
  assert.equal((await read(endpoint, basic("ada"))).status, 200);
  primary.stop();
  const refused = await read(endpoint, basic("eve"));
  assert.equal(refused.status, 503);
  assert.match(refused.text, /asks nobody for credentials/);
  assert.equal(backup.callers.length, 0);
});

test("basic: the gateway's credentials end at the gateway, and both clusters get the service's", async () => {
  const [primary, backup] = [await guarded([service]), await guarded([service])];
  const client = { CLIENT_USERNAME: "app", CLIENT_PASSWORD: "secret" };
  const { endpoint } = await useGateway({ primary, backup }, { AUTH_MODE: "basic", ...client, ...signedIn });
  assert.equal((await read(endpoint, basic("app"))).status, 200);
  for (const stranger of [undefined, basic("eve"), service]) {
    assert.equal((await read(endpoint, stranger)).status, 401);
  }
  primary.stop();
  assert.equal((await read(endpoint, basic("app"))).headers["x-understudy-served-by"], "backup");
  assert.equal((await read(endpoint, basic("eve"))).status, 401);
  assert.deepEqual([primary.callers, backup.callers], [[service], [service]]);
});

test("iam: is refused on one machine, with what to do instead", async () => {
  const { code, output } = await runGateway({ AUTH_MODE: "iam", PORT: "0" });
  assert.equal(code, 1);
  assert.match(output, /AUTH_MODE iam exists only behind API Gateway; set basic or passthrough/);
});
