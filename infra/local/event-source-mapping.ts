import { setTimeout as delay } from "node:timers/promises";
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { batchEndFrom, sqsEventFrom } from "./event-source-mapping-event.ts";
import { createLambdaContext, describeError, invoke, type Log } from "./lambda-context.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing, as `SQSHandler` says
type BatchHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse | void>;

export interface EventSourceMappingOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly handler: BatchHandler;
  /** For the context and the log. @default "local" */
  readonly functionName?: string;
  /** Messages handed over at once, 1 to 10. */
  readonly batchSize: number;
  /** Batches handled at the same time, at most. */
  readonly concurrency: number;
  readonly functionTimeoutMs: number;
  readonly log: Log;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Resolves after that long, or as soon as the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface EventSourceMapping {
  /** Does nothing when it runs already. */
  start(): void;
  /** Ends the long polls at once and waits for the batches that are being handled. */
  stop(): Promise<void>;
}

const waitSeconds = 20;
const pauseMsMin = 200;
const pauseMsMax = 5_000;
const deleteAttempts = 5;

/**
 * Feeds a Lambda handler from a queue as an SQS event source mapping with `ReportBatchItemFailures` does: what
 * succeeded is deleted, what failed comes back after its visibility timeout. It starts with one poller, adds one
 * for each receive that finds work, and lets go of those that find none. Where nothing of a whole batch succeeds, or
 * the handler fails, it goes back to one poller and pauses, 0.2 s growing to 5 s, until something does. (AWS backs off
 * for failed invocations too, though not for reported item failures.) A few messages that are reported come back
 * after pauses of their own, and nobody else's wait for them. An error of SQS is logged and retried with the same pauses.
 *
 * A handler that outlives `functionTimeoutMs` counts as failed. It cannot be killed here, so until it ends one
 * batch more than `concurrency` may be running.
 */
export function createEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { concurrency, log, queueUrl, sleep = sleepUntilAborted } = options;
  let stopping = new AbortController();
  const pollers = new Set<Promise<void>>();
  const handling = new Set<Promise<unknown>>();
  let pollerCount = 0;
  let setbacks = 0;

  const addPoller = (): void => {
    if (pollerCount >= concurrency || stopping.signal.aborted) return;
    pollerCount += 1;
    const poller = poll(stopping.signal);
    pollers.add(poller);
    poller.finally(() => pollers.delete(poller));
  };
  /** Whether the poller that asks may go. The last one stays. */
  const leave = (): boolean => {
    if (pollerCount === 1) return false;
    pollerCount -= 1;
    return true;
  };
  const pause = (): Promise<void> =>
    sleep(Math.min(pauseMsMax, pauseMsMin * 2 ** (Math.min(setbacks, 10) - 1)), stopping.signal);

  async function poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const messages = await receive(options, signal);
      if (messages !== undefined && messages.length === 0) {
        if (!signal.aborted && leave()) return;
        continue;
      }
      if (messages !== undefined && setbacks === 0) addPoller();
      const end = messages && (await handleBatch(options, messages, handling, signal, sleep));
      if (end === "progress") {
        setbacks = 0;
        continue;
      }
      if (signal.aborted) break;
      const few = end === "reported" && (messages?.length ?? 0) < options.batchSize;
      if (!few) setbacks += 1;
      if (leave()) return;
      if (!few) await pause();
    }
    pollerCount -= 1;
  }

  return {
    start() {
      if (pollerCount > 0) return;
      stopping = new AbortController();
      setbacks = 0;
      addPoller();
    },
    async stop() {
      stopping.abort();
      while (pollers.size > 0 || handling.size > 0) await Promise.allSettled([...pollers, ...handling]);
      log({ level: "info", message: "the event source mapping has stopped", queueUrl });
    },
  };
}

/** One long poll. `undefined` after an error, which has been logged; nothing when the poll was ended. */
async function receive(
  options: EventSourceMappingOptions,
  signal: AbortSignal,
): Promise<readonly Message[] | undefined> {
  const { sqs, queueUrl, batchSize, log } = options;
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: batchSize,
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  try {
    const { Messages: messages = [] } = await sqs.send(command, { abortSignal: signal });
    return messages;
  } catch (error) {
    if (signal.aborted) return [];
    log({ level: "error", message: "cannot receive from the queue", queueUrl, error: describeError(error) });
    return undefined;
  }
}

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Whether any message is done; if not, whether the handler reported them all or failed itself. */
type BatchHandling = "progress" | "reported" | "failed";

/** Hands one batch over and deletes what is done. */
async function handleBatch(
  options: EventSourceMappingOptions,
  messages: readonly Message[],
  handling: Set<Promise<unknown>>,
  signal: AbortSignal,
  sleep: Sleep,
): Promise<BatchHandling> {
  const {
    functionName = "local",
    functionTimeoutMs,
    handler,
    queueArn,
    queueUrl,
    log,
    now = Date.now,
  } = options;
  const context = createLambdaContext({ functionName, timeoutMs: functionTimeoutMs, now });
  const event = sqsEventFrom(messages, queueArn, now());
  const invocation = invoke(() => handler(event, context), functionTimeoutMs);
  handling.add(invocation.settled);
  invocation.settled.then(() => handling.delete(invocation.settled));
  const outcome = await invocation.outcome;
  const about = { requestId: context.awsRequestId, functionName, queueUrl, messages: messages.length };
  if (outcome.kind === "timedOut") {
    log({ level: "error", message: "the batch handler outlived its timeout", ...about });
    return "failed";
  }
  if (outcome.kind === "failed") {
    log({
      level: "error",
      message: "the batch handler failed",
      ...about,
      error: describeError(outcome.error),
    });
    return "failed";
  }
  const end = batchEndFrom(outcome.value, new Set(messages.map((message) => message.MessageId ?? "")));
  if (end.kind === "all") {
    log({ level: "error", message: "the batch handler's answer is invalid", ...about, reason: end.reason });
    return "failed";
  }
  const done = messages.filter((message) => !end.failed.has(message.MessageId ?? ""));
  await deleteMessages(options, done, signal, sleep);
  return done.length > 0 ? "progress" : "reported";
}

/** Deletes, trying again what could not be deleted. What stays comes once more, and handlers are idempotent. */
async function deleteMessages(
  options: EventSourceMappingOptions,
  done: readonly Message[],
  signal: AbortSignal,
  sleep: Sleep,
): Promise<void> {
  const { sqs, queueUrl, log } = options;
  let left = done.map((message, at) => ({ Id: String(at), ReceiptHandle: message.ReceiptHandle ?? "" }));
  for (let attempt = 1; left.length > 0; attempt += 1) {
    let reason: unknown;
    try {
      const { Failed: failed = [] } = await sqs.send(
        new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: left }),
      );
      const again = new Set(failed.map((entry) => entry.Id));
      left = left.filter((entry) => again.has(entry.Id));
      reason = { type: failed[0]?.Code, reason: failed[0]?.Message };
    } catch (error) {
      reason = describeError(error);
    }
    if (left.length === 0) return;
    if (attempt === deleteAttempts) {
      log({
        level: "error",
        message: "cannot delete handled messages",
        queueUrl,
        messages: left.length,
        reason,
      });
      return;
    }
    await sleep(pauseMsMin * 2 ** (attempt - 1), signal);
  }
}

async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
