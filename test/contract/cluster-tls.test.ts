import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { clusterFrom } from "../../functions/core/runtime/clusters.ts";
import { ConfigError, readConfig } from "../../functions/core/runtime/config.ts";
import { clusterOf, coded } from "./cluster-servers.ts";

const noOpenssl = spawnSync("openssl", ["version"]).status !== 0;

/** A node with a certificate of its own making for 127.0.0.1. */
async function tlsNode(t: TestContext): Promise<{ url: URL; ca: string; caFile: string }> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-tls-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const key = join(directory, "key.pem");
  const cert = join(directory, "cert.pem");
  const subject = ["-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const made = spawnSync("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert]);
  assert.equal(made.status, 0, String(made.stderr));
  const ca = readFileSync(cert, "utf8");
  const server = createServer({ key: readFileSync(key), cert: ca }, (_request, response) =>
    response.end("safe"),
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address: AddressInfo | string | null = server.address();
  assert.ok(address !== null && typeof address !== "string");
  return { url: new URL(`https://127.0.0.1:${address.port}`), ca, caFile: cert };
}

test("tls.ca is trusted, nothing else is, unless told not to look", { skip: noOpenssl }, async (t) => {
  const { url, ca } = await tlsNode(t);
  const get = { method: "GET", path: "/" };
  const trusting = clusterOf(t, [url], { tls: { ca } });
  for (let i = 0; i < 2; i++) assert.equal((await trusting.send(get)).body.toString(), "safe");
  await assert.rejects(clusterOf(t, [url]).send(get), coded("refused"));
  const blind = clusterOf(t, [url], { tls: { rejectUnauthorized: false } });
  assert.equal((await blind.send(get)).status, 200);
});

test("clusterFrom() trusts PRIMARY_CA_FILE, and with PRIMARY_TLS_VERIFY=false anybody", {
  skip: noOpenssl,
}, async (t) => {
  const { url, caFile } = await tlsNode(t);
  const asked = async (settings: Record<string, string>) => {
    const config = readConfig({
      PRIMARY_ENDPOINT: url.href,
      BACKUP_ENDPOINT: "http://127.0.0.1:1",
      AUTH_MODE: "none",
      QUEUE_URL: "http://queue",
      DEAD_LETTER_QUEUE_URL: "http://dead",
      PAYLOAD_BUCKET: "bucket",
      ...settings,
    });
    const cluster = clusterFrom("primary", config, "client");
    t.after(() => cluster.close());
    return (await cluster.send({ method: "GET", path: "/" })).body.toString();
  };
  await assert.rejects(asked({}), coded("refused"));
  assert.equal(await asked({ PRIMARY_CA_FILE: caFile }), "safe");
  assert.equal(await asked({ PRIMARY_TLS_VERIFY: "false" }), "safe");
  const missing = asked({ PRIMARY_CA_FILE: `${caFile}.none` });
  await assert.rejects(
    missing,
    (error) => error instanceof ConfigError && /PRIMARY_CA_FILE \[.*\] cannot be read/.test(error.message),
  );
});
