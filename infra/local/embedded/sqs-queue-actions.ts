import type { MoveTask } from "./move-tasks.ts";
import { queueArn } from "./open-queues.ts";
import type { QueueEngine } from "./queue-engine.ts";
import { declared, queueOf, queueOfArn, queueUrlPrefix, type SqsAction } from "./sqs-action.ts";
import { SqsFault } from "./sqs-fault.ts";
import {
  type Fields,
  invalid,
  messageBytesMax,
  optionalInteger,
  optionalText,
  requiredText,
  textList,
} from "./sqs-fields.ts";

/** What SQS calls a standard queue's attributes; one that a queue here never has is left out of answers. */
const neverSet = [
  "KmsDataKeyReusePeriodSeconds",
  "KmsMasterKeyId",
  "Policy",
  "RedriveAllowPolicy",
  "SqsManagedSseEnabled",
];

/** The actions on queues: attributes, url, purge and the redrive of dead letters. */
export function sqsQueueActions(engine: QueueEngine): Record<string, SqsAction> {
  const purging = new Set<string>();
  return {
    async GetQueueUrl(fields) {
      return { QueueUrl: queueUrlPrefix + declared(engine, requiredText(fields, "QueueName")) };
    },
    async GetQueueAttributes(fields) {
      return { Attributes: attributes(engine, queueOf(engine, fields), textList(fields, "AttributeNames")) };
    },
    async PurgeQueue(fields) {
      const queue = queueOf(engine, fields);
      if (purging.has(queue)) throw new SqsFault("PurgeQueueInProgress", `${queue} is being purged already.`);
      purging.add(queue);
      await engine.purge(queue).finally(() => purging.delete(queue));
      return {};
    },
    async ListDeadLetterSourceQueues(fields) {
      const target = queueOf(engine, fields);
      const sources = engine.names.filter(
        (name) => engine.definition(name)?.redrive?.deadLetterQueue === target,
      );
      return { queueUrls: sources.map((name) => queueUrlPrefix + name) };
    },
    StartMessageMoveTask: (fields) => startMove(engine, fields),
    async ListMessageMoveTasks(fields) {
      const source = queueOfArn(engine, "SourceArn", requiredText(fields, "SourceArn"));
      const limit = optionalInteger(fields, "MaxResults", 1, 10) ?? 1;
      return { Results: engine.moves.list(source).slice(0, limit).map(wireTask) };
    },
    async CancelMessageMoveTask(fields) {
      const task = engine.moves.find(requiredText(fields, "TaskHandle"));
      if (task === undefined) throw new SqsFault("ResourceNotFoundException", "There is no such task.");
      if (!engine.moves.cancel(task)) {
        throw new SqsFault(
          "UnsupportedOperation",
          `Only active tasks can be cancelled; it is ${task.status}.`,
        );
      }
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
  };
}

/** Queues are declared when the process opens the store. */
const openedSeconds = String(Math.floor(Date.now() / 1000));

async function startMove(engine: QueueEngine, fields: Fields): Promise<object> {
  const sourceArn = requiredText(fields, "SourceArn");
  const source = queueOfArn(engine, "SourceArn", sourceArn);
  const destinationArn = optionalText(fields, "DestinationArn");
  const destination = destinationArn && queueOfArn(engine, "DestinationArn", destinationArn);
  const maxPerSecond = optionalInteger(fields, "MaxNumberOfMessagesPerSecond", 1, 500);
  const isDeadLetterQueue = engine.names.some(
    (name) => engine.definition(name)?.redrive?.deadLetterQueue === source,
  );
  if (!isDeadLetterQueue)
    throw invalid("SourceArn", sourceArn, "Source queue must be configured as a Dead Letter Queue.");
  const task = engine.moves.start({
    source,
    ...(destination && { destination }),
    ...(maxPerSecond !== undefined && { maxPerSecond }),
  });
  if (task !== undefined) return { TaskHandle: task.id };
  throw new SqsFault("UnsupportedOperation", "There is already a task running for this queue.");
}

function wireTask(task: MoveTask): object {
  return {
    ...(task.status === "RUNNING" && { TaskHandle: task.id }),
    Status: task.status,
    SourceArn: queueArn(task.source),
    ...(task.destination !== undefined && { DestinationArn: queueArn(task.destination) }),
    ...(task.maxPerSecond !== undefined && { MaxNumberOfMessagesPerSecond: task.maxPerSecond }),
    ...(task.failureReason !== undefined && { FailureReason: task.failureReason }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    StartedTimestamp: task.startedAtMs,
  };
}

function attributes(engine: QueueEngine, queue: string, names: readonly string[]): Record<string, string> {
  const definition = engine.definition(queue);
  const stats = engine.stats(queue);
  const all: Record<string, string | undefined> = {
    ApproximateNumberOfMessages: String(stats.visible),
    ApproximateNumberOfMessagesDelayed: String(stats.delayed),
    ApproximateNumberOfMessagesNotVisible: String(stats.inFlight),
    CreatedTimestamp: openedSeconds,
    DelaySeconds: "0",
    LastModifiedTimestamp: openedSeconds,
    MaximumMessageSize: String(messageBytesMax),
    MessageRetentionPeriod: String(definition?.retentionSeconds),
    QueueArn: queueArn(queue),
    ReceiveMessageWaitTimeSeconds: "0",
    RedrivePolicy: definition?.redrive && redrivePolicy(definition.redrive),
    VisibilityTimeout: String(definition?.visibilityTimeoutSeconds),
  };
  const answer: Record<string, string> = {};
  for (const name of names.includes("All") ? Object.keys(all) : names) {
    const value = all[name];
    if (!Object.hasOwn(all, name) && !neverSet.includes(name))
      throw new SqsFault("InvalidAttributeName", `Unknown attribute ${name}.`);
    if (value !== undefined) answer[name] = value;
  }
  return answer;
}

function redrivePolicy(redrive: { deadLetterQueue: string; maxReceiveCount: number }): string {
  return JSON.stringify({
    deadLetterTargetArn: queueArn(redrive.deadLetterQueue),
    maxReceiveCount: redrive.maxReceiveCount,
  });
}
