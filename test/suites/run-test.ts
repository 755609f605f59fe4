import { type Reply, send } from "../support/client.ts";
import { type Apis, callOf } from "./api.ts";
import { failureOf } from "./assertions.ts";
import { emptyStash, resolved, type Stash, valueAt } from "./stash.ts";
import type { SuiteTest } from "./suite.ts";
import { elementsOf, type Fields, fieldsOf, onlyMember } from "./value.ts";

/** One request of a test and what came back. */
export interface Exchange {
  readonly request: string;
  readonly reply: Reply;
}

/** How a test ended at one endpoint. */
export interface TestEnd {
  /** What was wrong first; undefined where the test passed. */
  readonly failure: string | undefined;
  readonly exchanges: readonly Exchange[];
}

/**
 * Runs one test of the suite at the endpoint, its teardown in any case. Whether the server warns as it should is not
 * asked: whoever compares two runs sees it.
 */
export async function runTest(endpoint: string, apis: Apis, test: SuiteTest): Promise<TestEnd> {
  const exchanges: Exchange[] = [];
  const stage = { endpoint, apis, exchanges };
  const stash = emptyStash();
  const failure = await firstFailure(stage, [...test.setup, ...test.steps], stash);
  await firstFailure({ ...stage, exchanges: [] }, test.teardown, stash);
  return { failure, exchanges };
}

interface Stage {
  readonly endpoint: string;
  readonly apis: Apis;
  readonly exchanges: Exchange[];
}

async function firstFailure(
  stage: Stage,
  steps: readonly unknown[],
  stash: Stash,
): Promise<string | undefined> {
  for (const step of steps) {
    const [kind, operand] = onlyMember(step);
    const failure = await takeStep(stage, kind, operand, stash).catch((error: unknown) => String(error));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function takeStep(
  stage: Stage,
  kind: string,
  operand: unknown,
  stash: Stash,
): Promise<string | undefined> {
  if (kind === "do") return ask(stage, fieldsOf(operand), stash);
  if (kind === "set") {
    for (const [path, name] of Object.entries(fieldsOf(operand)))
      stash.kept.set(String(name), valueAt(path, stash));
    return undefined;
  }
  return failureOf(kind, operand, stash);
}

const aboutTheRequest = new Set(["catch", "warnings", "allowed_warnings", "headers", "node_selector"]);

async function ask(stage: Stage, operand: Fields, stash: Stash): Promise<string | undefined> {
  const [name, written] = Object.entries(operand).find(([key]) => !aboutTheRequest.has(key)) ?? [
    "",
    undefined,
  ];
  const args = fieldsOf(resolved(written, stash));
  const expected = operand["catch"];
  if (expected === "param") return undefined;
  const call = callOf(stage.apis, name, args);
  const headers = { ...call.headers, ...stringsOf(fieldsOf(resolved(operand["headers"], stash))) };
  const reply = await send(stage.endpoint, { ...call, headers });
  const request = `${call.method} ${call.path}`;
  stage.exchanges.push({ request, reply });
  stash.answer = call.method === "HEAD" ? reply.status < 300 : answerOf(reply);
  const ignored = elementsOf(args["ignore"]).map(Number).includes(reply.status);
  if (ignored || (call.method === "HEAD" && reply.status === 404)) return undefined;
  if (isExpected(reply, expected)) return undefined;
  return `${request} answered ${reply.status}${expected === undefined ? "" : `, not [${expected}]`}: ${reply.text.slice(0, 300)}`;
}

function answerOf(reply: Reply): unknown {
  return String(reply.headers["content-type"]).includes("json") && reply.text !== ""
    ? reply.json()
    : reply.text;
}

const statuses: Readonly<Record<string, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  missing: 404,
  request_timeout: 408,
  conflict: 409,
  unavailable: 503,
};

function isExpected({ status, text }: Reply, expected: unknown): boolean {
  if (expected === undefined) return status < 300;
  const named = statuses[String(expected)];
  if (named !== undefined) return status === named;
  const pattern = /^\/([\s\S]*)\/$/.exec(String(expected).trim())?.[1];
  const said = text.replaceAll('\\"', '"').replaceAll("\\n", "\n");
  return status >= 400 && (pattern === undefined || new RegExp(pattern).test(said));
}

function stringsOf(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
