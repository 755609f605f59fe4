import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";

/** One log line, ready for `JSON.stringify`. Never holds a body, a header or a credential. */
export interface LogEntry {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly [field: string]: unknown;
}

export type Log = (entry: LogEntry) => void;

/** What `Log` shows of anything that was thrown. */
export function describeError(error: unknown): Record<string, unknown> {
  return error instanceof Error
    ? { type: error.name, reason: error.message, stack: error.stack }
    : { type: typeof error, reason: String(error) };
}

export interface LambdaContextOptions {
  readonly functionName: string;
  /** The invocation's whole time in milliseconds, counted from this call. */
  readonly timeoutMs: number;
  /** @default a new UUID */
  readonly requestId?: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** The context of one invocation, as the Lambda runtime hands it over. */
export function createLambdaContext(options: LambdaContextOptions): Context {
  const { functionName, timeoutMs, requestId = randomUUID(), now = Date.now } = options;
  const deadline = now() + timeoutMs;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: "1024",
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    getRemainingTimeInMillis: () => Math.max(0, deadline - now()),
    done: refuseCallback,
    fail: refuseCallback,
    succeed: refuseCallback,
  };
}

function refuseCallback(): never {
  throw new Error("This runtime takes async handlers only: return a promise");
}

export type Settled<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown };

export interface Invocation<T> {
  /** The answer, or `timedOut` after `timeoutMs`. Never rejects. */
  readonly outcome: Promise<Settled<T> | { readonly kind: "timedOut" }>;
  /** When the handler has really ended, however late: it cannot be killed here as Lambda would. Never rejects. */
  readonly settled: Promise<Settled<T>>;
}

/** Runs a handler with Lambda's timeout. A handler that throws before its first `await` has failed as well. */
export function invoke<T>(run: () => T | Promise<T>, timeoutMs: number): Invocation<T> {
  const settled = Promise.resolve()
    .then(run)
    .then(
      (value): Settled<T> => ({ kind: "answered", value }),
      (error: unknown): Settled<T> => ({ kind: "failed", error }),
    );
  const outcome = new Promise<Settled<T> | { readonly kind: "timedOut" }>((resolve) => {
    const timer = setTimeout(() => resolve({ kind: "timedOut" }), timeoutMs).unref();
    settled.then((end) => {
      clearTimeout(timer);
      resolve(end);
    });
  });
  return { outcome, settled };
}
