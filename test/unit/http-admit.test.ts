import assert from "node:assert/strict";
import { test } from "node:test";
import { admit } from "../../functions/core/http/admit.ts";
import { fakeRequest } from "../support/fake-request.ts";

const client = { username: "app", password: "s3cret: ü" };
const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

function withAuthorization(authorization?: string | string[]) {
  const headers = { "x-other": "1", ...(authorization !== undefined && { authorization }) };
  return fakeRequest("GET /books/_search", "", { headers });
}

test("admit() in mode `basic` lets the gateway's own credentials in, and they end there", () => {
  const admission = admit(withAuthorization(basic(client.username, client.password)), {
    authMode: "basic",
    client,
  });
  assert.ok(admission.kind === "admitted");
  assert.deepEqual(admission.request.headers, { "x-other": "1" });
});

const wrong: Readonly<Record<string, string | string[] | undefined>> = {
  none: undefined,
  empty: "",
  "the wrong password": basic("app", "x"),
  "the wrong user": basic("root", client.password),
  "a prefix": basic(client.username, client.password).slice(0, -4),
  "one that is longer": `${basic(client.username, client.password)}AAAA`,
  "another scheme": `Bearer ${client.password}`,
  "two headers": [basic(client.username, client.password), "Basic x"],
};

for (const [what, authorization] of Object.entries(wrong)) {
  test(`admit() in mode \`basic\` answers 401 to credentials: ${what}`, () => {
    const admission = admit(withAuthorization(authorization), { authMode: "basic", client });
    assert.ok(admission.kind === "refused");
    assert.equal(admission.answer.status, 401);
    assert.match(String(admission.answer.headers["www-authenticate"]), /^Basic realm=/);
    const { error } = JSON.parse(admission.answer.body.toString());
    assert.equal(error.type, "security_exception");
    assert.equal(error.reason.includes(client.password), false);
  });
}

test("admit() in mode `basic` lets nobody in where no credentials are configured", () => {
  for (const authorization of [undefined, basic("", ""), basic("undefined", "undefined")]) {
    const admission = admit(withAuthorization(authorization), { authMode: "basic", client: undefined });
    assert.equal(admission.kind, "refused");
  }
});

test("admit() in mode `passthrough` needs some credentials and passes them on untouched", () => {
  const settings = { authMode: "passthrough", client: undefined } as const;
  const given = withAuthorization("ApiKey abc");
  assert.deepEqual(admit(given, settings), { kind: "admitted", request: given });
  const admission = admit(withAuthorization(), settings);
  assert.ok(admission.kind === "refused");
  assert.equal(admission.answer.status, 401);
});

test("admit() in mode `none` lets everybody in", () => {
  const request = withAuthorization();
  assert.deepEqual(admit(request, { authMode: "none", client: undefined }), { kind: "admitted", request });
});

const refusedPaths = [
  "",
  "books/_search",
  "http://elsewhere/books",
  "/..",
  "/../_cluster/settings",
  "/books/../_security/user",
  "/books/.",
  "/./books",
  "/books/%2e%2e/_search",
  "/books/%2E./_search",
  "/books/.%2e",
  "/books\\_search",
  "/books/\u0000",
  "/books/\n",
  "/books/\u007f",
  "/books/%00",
  "/books/_doc/a b",
  "/books/_doc/Łódź",
  "/books/%0a",
  "/books/%0D%0AHost:x",
  "/books/%1f",
  "/books/%7F",
  "//books/_bulk",
  "/books//_bulk",
  "/books/_doc//1",
  "/books/_doc//1//",
];

const allowedPaths = [
  "/",
  "/_bulk",
  "//",
  "/_bulk//",
  "/books/_doc/1//",
  "/books/_doc/a%2Fb",
  "/books/_doc/a.b",
  "/books/_doc/...",
  "/books/_doc/..a",
  "/.kibana/_search",
  "/books/_doc/%20%C3%A9%25%3F",
  "/%3Cbooks-%7Bnow%2Fd%7D%3E/_doc",
];

for (const authMode of ["none", "passthrough", "basic"] as const) {
  test(`admit() in mode \`${authMode}\` refuses paths that leave their folder, before anything else`, () => {
    for (const path of refusedPaths) {
      const admission = admit(
        { ...withAuthorization(basic("app", client.password)), path },
        { authMode, client },
      );
      assert.ok(admission.kind === "refused", JSON.stringify(path));
      assert.equal(admission.answer.status, 400, JSON.stringify(path));
    }
  });
}

test("admit() lets paths through that only look unusual, as they are encoded", () => {
  for (const path of allowedPaths) {
    const admission = admit({ ...withAuthorization(), path }, { authMode: "none", client });
    assert.ok(admission.kind === "admitted", path);
    assert.equal(admission.request.path, path);
  }
});
