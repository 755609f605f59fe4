import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { failureLog } from "../core/runtime/middleware.ts";
import { config } from "../core/runtime/process.ts";
import { replayServices } from "../core/runtime/replay-services.ts";
import { pauseSeconds, replayBatch } from "./replay-batch.ts";

/** SQS batch in; BACKUP made equal; the messages that have to come again out. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(failureLog())
  .handler(async (event) => {
    const services = replayServices();
    const ends = await replayBatch(event.Records, services);
    const retry = ends.find((end) => end.kind === "retry");
    if (retry?.kind === "retry")
      services.telemetry.warn("records wait for another try", { reason: retry.reason });
    const failures = event.Records.flatMap((message, i) => (ends[i]?.kind === "retry" ? [message] : []));
    await Promise.all(
      failures.map((message) => {
        const receives = Number(message.attributes.ApproximateReceiveCount);
        const seconds = pauseSeconds(receives, config().retryPauseMaxSeconds, Math.random);
        return services.queue.hide(message.receiptHandle, seconds);
      }),
    );
    return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
