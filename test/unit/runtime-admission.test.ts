import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../functions/core/runtime/admission.ts";
import { createHeldSecret } from "../../functions/core/secret/held-secret.ts";
import { loginIn } from "../../functions/core/secret/login.ts";
import { fakeEvent, fakeRequest } from "../support/fake-request.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const asking = (authorization?: string) =>
  fakeRequest("GET /books/_search", "", { headers: authorization === undefined ? {} : { authorization } });

test("createAdmission() in the mode `basic` lets in with the secret's login, also just after its rotation", async () => {
  let password = "one";
  let reads = 0;
  const secret = createHeldSecret(
    async () => {
      reads++;
      return JSON.stringify({ username: "app", password });
    },
    loginIn,
    Date.now,
    () => undefined,
  );
  const admit = createAdmission({ authMode: "basic", client: { kind: "secret", arn: "arn" } }, secret);
  const kind = async (authorization?: string) => (await admit(fakeEvent(), asking(authorization))).kind;
  assert.equal(await kind(basic("app:one")), "admitted");
  assert.equal(await kind(), "refused");
  assert.equal(reads, 1, "a stranger without credentials costs no look");
  password = "two";
  assert.equal(await kind(basic("app:two")), "admitted");
  assert.equal(await kind(basic("app:one")), "refused");
  assert.equal(reads, 2);
});

test("createAdmission() in the mode `iam` lets in whom API Gateway names, without their signature", async () => {
  const admit = createAdmission({ authMode: "iam", client: undefined }, undefined);
  const event = fakeEvent();
  const stranger = await admit(event, asking("AWS4-HMAC-SHA256 x"));
  assert.ok(stranger.kind === "refused");
  assert.equal(stranger.answer.status, 401);
  event.requestContext.identity.userArn = "arn:aws:iam::123456789012:user/app";
  const known = await admit(event, asking("AWS4-HMAC-SHA256 x"));
  assert.ok(known.kind === "admitted");
  assert.equal("authorization" in known.request.headers, false);
});

test("createAdmission() in every mode refuses paths that leave their folder", async () => {
  const event = fakeEvent();
  event.requestContext.identity.userArn = "arn:aws:iam::123456789012:user/app";
  for (const authMode of ["none", "basic", "passthrough", "iam"] as const) {
    const admit = createAdmission({ authMode, client: undefined }, undefined);
    const answer = await admit(event, { ...asking(basic("a:b")), path: "/a/../_security" });
    assert.ok(answer.kind === "refused");
    assert.equal(answer.answer.status, 400, authMode);
  }
});
