import type { ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";
import { createLambdaContext, describeError, type Invocation, invoke, type Log } from "./lambda-context.ts";
import { ResponseStream, type StreamedHandler } from "./response-stream.ts";
import { applyHead, sendJson, sendResult } from "./rest-api-response.ts";

interface FunctionSettings {
  /** For the context and the log. @default "local" */
  readonly name?: string;
  /** After it the client gets 504. @default RestApiOptions.functionTimeoutMs */
  readonly timeoutMs?: number;
}

interface BufferedFunction extends FunctionSettings {
  readonly kind: "buffered";
  readonly handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
}

interface StreamedFunction extends FunctionSettings {
  readonly kind: "streamed";
  readonly handler: StreamedHandler;
}

/** A handler in this process, and how it answers. */
export type LocalFunction = BufferedFunction | StreamedFunction;

export interface FunctionHost {
  /** For functions without a timeout of their own. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly log: Log;
  /** Is told of work that may outlast its answer. */
  readonly track: (work: Promise<unknown>) => void;
}

/**
 * Runs one function for one event and answers: 502 when it throws or returns nonsense, 504 when it outlives its
 * timeout, a cut connection when it fails in the middle of a streamed answer. Resolves when the answer is on its
 * way. Never rejects.
 */
export async function answer(
  host: FunctionHost,
  local: LocalFunction,
  event: APIGatewayProxyEvent,
  response: ServerResponse,
): Promise<void> {
  const { requestId } = event.requestContext;
  const run: Run = { host, requestId, functionName: local.name ?? "local", response };
  const timeoutMs = local.timeoutMs ?? host.timeoutMs;
  const context = createLambdaContext({
    functionName: run.functionName,
    timeoutMs,
    requestId,
    now: host.now,
  });
  return local.kind === "buffered"
    ? answerBuffered(run, () => local.handler(event, context), timeoutMs)
    : answerStreamed(run, (stream) => local.handler(event, stream, context), timeoutMs);
}

interface Run {
  readonly host: FunctionHost;
  readonly requestId: string;
  readonly functionName: string;
  readonly response: ServerResponse;
}

async function answerBuffered(
  run: Run,
  handle: () => Promise<APIGatewayProxyResult>,
  timeoutMs: number,
): Promise<void> {
  const invocation = invoke(handle, timeoutMs);
  run.host.track(invocation.settled);
  const outcome = await invocation.outcome;
  switch (outcome.kind) {
    case "timedOut":
      reportLate(run, invocation);
      return sendTimedOut(run.response);
    case "failed":
      return fail(run, outcome.error);
    case "answered":
      try {
        return sendResult(run.response, outcome.value);
      } catch (error) {
        return fail(run, error);
      }
  }
}

async function answerStreamed(
  run: Run,
  handle: (stream: ResponseStream) => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const { response } = run;
  const stream = new ResponseStream((head) => {
    const stated = applyHead(response, head);
    if (stated !== undefined && head.statusCode !== 204) response.setHeader("content-length", stated);
    response.strictContentLength = true;
    return response;
  });
  stream.on("error", () => {}); // Whoever writes or waits hears of it; without a listener the process would end.
  let clientGone = false;
  response.once("close", () => {
    if (response.writableFinished) return;
    clientGone = true;
    stream.destroy(new Error("The client closed the connection before the answer was complete"));
  });
  const invocation = invoke(async () => {
    await handle(stream);
    await finished(stream);
  }, timeoutMs);
  run.host.track(invocation.settled);
  const outcome = await invocation.outcome;
  if (outcome.kind === "answered" || clientGone) return;
  const cut = response.headersSent;
  if (outcome.kind === "timedOut") {
    reportLate(run, invocation);
    sendTimedOut(response);
  } else {
    fail(run, outcome.error);
  }
  if (cut) response.destroy();
  stream.destroy();
}

function fail(run: Run, error: unknown): void {
  const { requestId, functionName } = run;
  run.host.log({
    level: "error",
    message: "the handler failed",
    requestId,
    functionName,
    error: describeError(error),
  });
  sendInternalError(run.response);
}

function reportLate(run: Run, invocation: Invocation<unknown>): void {
  const { requestId, functionName, host } = run;
  host.log({ level: "error", message: "the handler outlived its timeout", requestId, functionName });
  invocation.settled.then((end) => {
    const error = end.kind === "failed" ? { error: describeError(end.error) } : {};
    host.log({ level: "warn", message: "the handler ended late", requestId, functionName, ...error });
  });
}

/** What API Gateway answers for a function that failed. */
export function sendInternalError(response: ServerResponse): void {
  sendJson(response, 502, '{"message":"Internal server error"}');
}

function sendTimedOut(response: ServerResponse): void {
  sendJson(response, 504, '{"message":"Endpoint request timed out"}');
}
