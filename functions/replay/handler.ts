import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { failureLog, observed } from "../core/runtime/middleware.ts";
import { config, metrics } from "../core/runtime/process.ts";
import { receivedMessage } from "../core/runtime/received-message.ts";
import { replayServices } from "../core/runtime/replay-services.ts";
import { pauseSeconds, replayBatch } from "./replay-batch.ts";

/** SQS batch in; BACKUP made equal; the messages that have to come again out. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed())
  .use(failureLog())
  .handler(async (event) => {
    const services = replayServices();
    const messages = event.Records.map(receivedMessage);
    const ends = await replayBatch(messages, services);
    const doneSentMs = messages.filter((_, i) => ends[i]?.kind === "done").map(({ sentMs }) => sentMs);
    if (doneSentMs.length > 0) metrics.replicationLag(Math.max(0, Date.now() - Math.min(...doneSentMs)));
    const retry = ends.find((end) => end.kind === "retry");
    if (retry?.kind === "retry") {
      const { reason, requestId } = retry;
      services.telemetry.warn("records wait for another try", { reason, requestId });
    }
    const failures = messages.filter((_, i) => ends[i]?.kind === "retry");
    await Promise.all(
      failures.map((message) => {
        const seconds = pauseSeconds(message.receives, config().retryPauseMaxSeconds, Math.random);
        return services.queue.hide(message.receiptHandle, seconds);
      }),
    );
    return { batchItemFailures: failures.map(({ id }) => ({ itemIdentifier: id })) };
  });
