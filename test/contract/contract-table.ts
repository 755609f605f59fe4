import type { EngineCase } from "./engine-case.ts";
import { sqsMessageCases } from "./sqs-message-cases.ts";
import { sqsQueueCases } from "./sqs-queue-cases.ts";
import type { SqsSubject } from "./sqs-subject.ts";

/** What the gateway may rely on, of SQS. Of S3: `s3-cases.ts`. */
export const sqsCases: readonly EngineCase<SqsSubject>[] = [...sqsMessageCases, ...sqsQueueCases];
