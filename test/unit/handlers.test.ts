import assert from "node:assert/strict";
import { test } from "node:test";
import type { APIGatewayProxyResult, Context } from "aws-lambda";
import { createLambdaContext } from "../../infra/local/lambda-context.ts";
import { fakeEvent } from "../support/fake-request.ts";

// Nothing is configured: whatever a handler does first, it fails in a way that nobody expected.
for (const name of ["PRIMARY_ENDPOINT", "BACKUP_ENDPOINT", "QUEUE_URL"]) delete process.env[name];

// As the AWS SDK leaves it where no Lambda runtime is.
Reflect.set(globalThis, "awslambda", {});

const { bufferedHandler: search, handler: chosen } = await import("../../functions/search/handler.ts");
const { handler: write } = await import("../../functions/write/handler.ts");
const { handler: replay } = await import("../../functions/replay/handler.ts");
const { handler: sweep } = await import("../../functions/reconcile/handler.ts");

const context = (): Context => createLambdaContext({ functionName: "f", timeoutMs: 1000 });

/** The log's lines meanwhile; what else goes to the standard output is the test runner's. */
async function logged(run: () => Promise<unknown>): Promise<string> {
  const { write: original } = process.stdout;
  let text = "";
  process.stdout.write = (...given: unknown[]) => {
    const [chunk] = given;
    if (typeof chunk !== "string" || !chunk.startsWith('{"time"')) {
      return Boolean(Reflect.apply(original, process.stdout, given));
    }
    text += chunk;
    return true;
  };
  try {
    await run();
  } finally {
    process.stdout.write = original;
  }
  return text;
}

const handlers: Readonly<Record<string, (event: ReturnType<typeof fakeEvent>) => Promise<unknown>>> = {
  write: (event) => Promise.resolve(write(event, context())),
  search: (event) => Promise.resolve(search(event, context())),
};

function isResult(result: unknown): result is APIGatewayProxyResult {
  return typeof result === "object" && result !== null && "statusCode" in result && "body" in result;
}

for (const [name, handle] of Object.entries(handlers)) {
  test(`the ${name} handler that is exported turns what nobody expected into a 500 in Elasticsearch's shape`, async () => {
    let result: unknown;
    const log = await logged(async () => {
      result = await handle(fakeEvent({ httpMethod: "POST", path: "/books/_search" }));
    });
    assert.ok(isResult(result));
    assert.equal(result.statusCode, 500);
    const body = JSON.parse(result.body);
    assert.equal(body.status, 500);
    assert.equal(body.error.type, "gateway_internal_exception");
    assert.equal(body.error.root_cause[0].type, "gateway_internal_exception");
    // The client learns where to look, and nothing from inside.
    assert.ok(body.error.reason.includes("request-1"));
    assert.equal(JSON.stringify(body).includes("PRIMARY_ENDPOINT"), false);
    assert.ok(log.includes("PRIMARY_ENDPOINT") && log.includes("request-1"));
  });
}

test("the search handler that is exported answers whole where the host has no streams to offer", () => {
  assert.equal(chosen, search);
});

test("the replay handler that is exported logs what it throws, and fails: the batch comes again", async () => {
  const log = await logged(() => assert.rejects(Promise.resolve(replay({ Records: [] }, context()))));
  assert.ok(log.includes("the function failed") && log.includes("PRIMARY_ENDPOINT"));
});

test("the reconcile handler that is exported logs what it throws, and fails", async () => {
  const log = await logged(() => assert.rejects(Promise.resolve(sweep({}, context()))));
  assert.ok(log.includes("the function failed") && log.includes("PRIMARY_ENDPOINT"));
});
