import type { MiddlewareObj } from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { type Answer, errorAnswer, proxyResult } from "../http/answer.ts";
import { beginInvocation, metrics, telemetry } from "./process.ts";
import { reasonOf } from "./telemetry.ts";

/** Log lines name the invocation, and what it counted is published, whatever its end: used first, it runs last. */
export function observed(): MiddlewareObj<unknown, unknown> {
  const publish = () => metrics.publish();
  return { before: ({ context }) => beginInvocation(context), after: publish, onError: publish };
}

/** Logs what a handler throws, and lets it fail: Lambda and the event source mapping count it. */
export function failureLog(): MiddlewareObj<unknown, unknown> {
  return {
    onError: ({ error }) => {
      telemetry.error("the function failed", { reason: reasonOf(error), stack: error?.stack });
    },
  };
}

/** The answer to a request that failed in a way nobody expected: no inner detail reaches the client. */
export function unexpectedFailure(error: unknown, requestId: string): Answer {
  telemetry.count("requestsFailed");
  const stack = error instanceof Error ? error.stack : undefined;
  telemetry.error("the request failed", { requestId, reason: reasonOf(error), stack });
  const reason = `the gateway failed; its log has the details under request id [${requestId}]`;
  return errorAnswer(500, "gateway_internal_exception", reason);
}

/** Answers in Elasticsearch's shape where a handler throws. */
export function failureAnswer(): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> {
  return {
    onError: (failed) => {
      failed.response = proxyResult(unexpectedFailure(failed.error, failed.event.requestContext.requestId));
    },
  };
}
