import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { failureLog, observed } from "../core/runtime/middleware.ts";
import { receivedMessage } from "../core/runtime/received-message.ts";
import { sortServices } from "../core/runtime/redrive-services.ts";
import { sortParked } from "./sort-parked.ts";

/** Behind the parking queue: what replay parks becomes a dead letter, what a person redrives is tried again. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed())
  .use(failureLog())
  .handler(async (event) => {
    const failures = await sortParked(event.Records.map(receivedMessage), sortServices());
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  });
