import { queueNameOfArn } from "./open-queues.ts";
import type { QueueEngine } from "./queue-engine.ts";
import { SqsFault } from "./sqs-fault.ts";
import { type Fields, invalid, requiredText } from "./sqs-fields.ts";

/** Where the engine's queues live, as far as clients are concerned. */
export const queueUrlPrefix = "https://sqs.us-east-1.amazonaws.com/000000000000/";

/** One action of the API: the request's members in, the answer's members out, or an `SqsFault` thrown. */
export type SqsAction = (fields: Fields, signal: AbortSignal | undefined) => Promise<object>;

/** The declared queue that `QueueUrl` names. */
export function queueOf(engine: QueueEngine, fields: Fields): string {
  const url = requiredText(fields, "QueueUrl");
  return declared(engine, url.slice(url.lastIndexOf("/") + 1));
}

/**
 * The declared queue of an ARN.
 * @throws SqsFault when it is not an ARN of ours (`name` is the parameter it came in), or no such queue was declared.
 */
export function queueOfArn(engine: QueueEngine, name: string, arn: string): string {
  const queue = queueNameOfArn(arn);
  if (queue === undefined) throw invalid(name, arn, "Not an ARN of a queue of this account.");
  if (engine.definition(queue) === undefined) {
    throw new SqsFault("ResourceNotFoundException", "The resource that you specified does not exist.");
  }
  return queue;
}

/**
 * The name it was given.
 * @throws SqsFault when no such queue was declared.
 */
export function declared(engine: QueueEngine, queue: string): string {
  if (engine.definition(queue) !== undefined) return queue;
  throw new SqsFault("QueueDoesNotExist", "The specified queue does not exist.");
}
