import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import { awsSignature } from "../../functions/core/secret/aws-signature.ts";

/** What AWS's own signer needs of a hash. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === "string" || secret === undefined ? secret : bytesOf(secret);
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === "string" ? data : bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

const credentials = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "token" };
const at = new Date("2026-11-22T10:20:30Z");

const requests = {
  "a bulk": { method: "POST", path: "/_bulk", body: Buffer.from('{"index":{}}\n') },
  "an id with / ? and a percent sign": { method: "PUT", path: "/books/_doc/a%2Fb%3Fc%25d%20e", body: "{}" },
  "a query": { method: "GET", path: "/books/_search?q=title:x%20y&pretty&size=0", body: undefined },
  "date math": { method: "GET", path: "/%3Clogs-%7Bnow%2Fd%7D%3E/_count", body: undefined },
};

for (const [what, request] of Object.entries(requests)) {
  for (const service of ["es", "aoss"]) {
    test(`awsSignature() signs ${what} for ${service} as AWS's own signer does`, async () => {
      const signed = awsSignature(
        { host: "search.example", ...request },
        { service, region: "eu-west-1" },
        credentials,
        +at,
      );
      const [path = "", search = ""] = request.path.split("?");
      const query = Object.fromEntries(new URLSearchParams(search));
      const signer = new SignatureV4({ service, region: "eu-west-1", credentials, sha256: Sha256 });
      const { authorization: _, ...headers } = signed;
      const expected = await signer.sign(
        {
          method: request.method,
          protocol: "https:",
          hostname: "search.example",
          path,
          query,
          headers: { host: "search.example", ...headers },
          ...(request.body !== undefined && { body: request.body }),
        },
        { signingDate: at },
      );
      assert.equal(signed["authorization"], expected.headers["authorization"]);
      assert.equal(signed["x-amz-security-token"], "token");
      assert.equal(
        signed["x-amz-content-sha256"],
        createHash("sha256")
          .update(request.body ?? "")
          .digest("hex"),
      );
    });
  }
}
