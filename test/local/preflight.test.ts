import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { ConfigError } from "../../functions/core/runtime/config.ts";
import { preflight } from "../../infra/local/preflight.ts";

/** A server that answers as a cluster of that version does, to the questions of the start. */
async function clusterOf(number: string, distribution?: string): Promise<string> {
  const server = createServer((request, response) => {
    const root = { version: { number, ...(distribution !== undefined && { distribution }) } };
    const nodes = { nodes: { one: { version: number } } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/" ? root : nodes));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

test("preflight() refuses releases that the gateway does not work with, on either side, and names those it does", async () => {
  const old = await clusterOf("5.6.16");
  const environment = { PORT: "0", PRIMARY_ENDPOINT: old, BACKUP_ENDPOINT: old };
  await assert.rejects(
    preflight(environment, () => undefined),
    (error) =>
      error instanceof ConfigError &&
      error.problems.length === 2 &&
      /PRIMARY is Elasticsearch 5\.6\.16, which is not supported: Elasticsearch 6\.8 and 7 to 9/.test(
        error.message,
      ) &&
      /BACKUP is Elasticsearch 5\.6\.16/.test(error.message),
  );
});

test("preflight() starts with the oldest supported releases", async () => {
  const environment = {
    PORT: "0",
    PRIMARY_ENDPOINT: await clusterOf("6.8.0"),
    BACKUP_ENDPOINT: await clusterOf("1.0.0", "opensearch"),
  };
  assert.equal((await preflight(environment, () => undefined)).startsServers, false);
});

test("preflight() refuses a name that is nearly a setting's, and leaves alone what is somebody else's", async () => {
  const cluster = await clusterOf("7.10.2");
  const environment = {
    PORT: "0",
    PRIMARY_ENDPOINT: cluster,
    BACKUP_ENDPOINT: cluster,
    PRIMARY_USER_NAME: "a",
    PRIMARY_PASSWORT: "b",
    DATADIR: "/srv",
    PRIMARY_REGION: "eu-west-1",
  };
  await assert.rejects(
    preflight(environment, () => undefined),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems, [
        "PRIMARY_USER_NAME is not a setting; PRIMARY_USERNAME is",
        "PRIMARY_PASSWORT is not a setting; PRIMARY_PASSWORD is",
      ]);
      return true;
    },
  );
});
