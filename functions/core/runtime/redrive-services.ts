import type { SortServices } from "../../redrive/sort-parked.ts";
import { createSqsQueue } from "../queue/sqs-queue.ts";
import { awsClients } from "./aws-clients.ts";
import { lazily } from "./lazily.ts";
import { config } from "./process.ts";

/** What the redrive function runs on. Replay parks where its configuration says the dead letters are. */
export const sortServices = lazily((): SortServices => {
  const { queueUrl, deadLetterQueueUrl } = config();
  const { sqs } = awsClients();
  return { records: createSqsQueue(sqs, queueUrl), parking: createSqsQueue(sqs, deadLetterQueueUrl) };
});
