import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterAuthorization, loginIn } from "../../functions/core/secret/login.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

test("clusterAuthorization() reads a user's secret and an API key's in each form", () => {
  // RDS and OpenSearch add fields of their own.
  const user = { username: "u", password: "p:ü", host: "x", port: 9200 };
  assert.equal(clusterAuthorization(JSON.stringify(user)), `Basic ${encoded("u:p:ü")}`);
  // `POST /_security/api_key` answers these.
  const key = { id: "i", name: "n", api_key: "k", encoded: encoded("i:k") };
  assert.equal(clusterAuthorization(JSON.stringify(key)), `ApiKey ${encoded("i:k")}`);
  assert.equal(clusterAuthorization(JSON.stringify({ encoded: key.encoded })), `ApiKey ${encoded("i:k")}`);
  assert.equal(clusterAuthorization(JSON.stringify({ api_key: key.encoded })), `ApiKey ${encoded("i:k")}`);
});

test("clusterAuthorization() and loginIn() say what a secret has to be, and show nothing of it", () => {
  for (const secret of ["hunter2", '{"username":"hunter2"}', '{"password":"hunter2"}', '"hunter2"']) {
    for (const read of [clusterAuthorization, loginIn]) {
      assert.throws(
        () => read(secret),
        (error: Error) => !error.message.includes("hunter2"),
      );
    }
    assert.throws(() => clusterAuthorization(secret), /the secret must be JSON: .*api_key/);
  }
});
