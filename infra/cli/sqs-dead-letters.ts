import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";

/** A dead letter that nobody else sees until it is released, or its visibility timeout is over. */
export interface HeldMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** When it was parked, on the queue's clock. */
  readonly sentAtMs: number;
  /** What replay wrote beside it. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** How far a redrive is. */
export interface MoveProgress {
  readonly status: string;
  readonly moved: number;
  readonly toMove: number;
  readonly failure: string | undefined;
}

/** What the command line does with a dead-letter queue beyond the queue port. */
export interface DeadLetters {
  /** Receives what is there, at most `limit`, each message once, and hides it for `holdSeconds`. */
  hold(limit: number, holdSeconds: number): Promise<readonly HeldMessage[]>;
  release(messages: readonly HeldMessage[]): Promise<void>;
  /** The messages that are gone now; a failed one stays. */
  remove(messages: readonly HeldMessage[]): Promise<readonly HeldMessage[]>;
  /**
   * Starts moving everything to the records queue; when a move is running already, that one goes on. `false` where
   * this SQS has no move tasks.
   */
  startMove(): Promise<boolean>;
  /** The latest move's; `undefined` when there was none. */
  moveProgress(): Promise<MoveProgress | undefined>;
  /**
   * Moves what is parked by now, at most `limit`, from here: a batch is sent to the records queue, and then deleted.
   * Between the two it is in both, which is harmless. Says of each batch how many that were; who stops listening
   * stops the move.
   */
  moveBatches(limit: number): AsyncIterable<number>;
}

/** SQS: entries of one batch. */
const batchEntries = 10;
/** How emulators say that they do not know an action. */
const noSuchAction = /^(InvalidAction|UnknownOperation|NotImplemented)/;
/** A batch is moved long before that. */
const moveHoldSeconds = 120;
/** A standard queue may answer "nothing" although there is something: so often in a row is believed. */
const emptyAnswers = 2;

/** The dead letters in SQS, real or embedded. Every method throws what the SDK throws. */
export function createDeadLetters(
  sqs: SQSClient,
  deadLetterQueueUrl: string,
  queueUrl: string,
  waitSeconds: number,
): DeadLetters {
  const QueueUrl = deadLetterQueueUrl;

  async function arnOf(url: string): Promise<string> {
    const wanted = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] });
    const { Attributes } = await sqs.send(wanted);
    return Attributes?.["QueueArn"] ?? "";
  }

  async function receive(count: number, holdSeconds: number): Promise<readonly HeldMessage[]> {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: Math.min(batchEntries, count),
        VisibilityTimeout: holdSeconds,
        WaitTimeSeconds: waitSeconds,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: ["SentTimestamp"],
      }),
    );
    return Messages.flatMap(heldMessage);
  }

  async function release(messages: readonly HeldMessage[]): Promise<void> {
    for (const batch of batchesOf(messages)) {
      const Entries = entriesOf(batch).map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
      await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    }
  }

  async function remove(messages: readonly HeldMessage[]): Promise<readonly HeldMessage[]> {
    const gone: HeldMessage[] = [];
    for (const batch of batchesOf(messages)) {
      const answer = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: entriesOf(batch) }));
      const done = new Set((answer.Successful ?? []).map(({ Id }) => Id));
      gone.push(...batch.filter((_, i) => done.has(String(i))));
    }
    return gone;
  }

  async function* moveBatches(limit: number): AsyncGenerator<number> {
    const records = createSqsQueue(sqs, queueUrl);
    const beganMs = Date.now();
    // What comes back while this runs was refused again: it stays, out of sight until the end.
    const later: HeldMessage[] = [];
    try {
      for (let empty = 0, moved = 0; empty < emptyAnswers && moved < limit; ) {
        const held = await receive(limit - moved, moveHoldSeconds);
        const parked = held.filter(({ sentAtMs }) => sentAtMs <= beganMs);
        later.push(...held.filter(({ sentAtMs }) => sentAtMs > beganMs));
        empty = parked.length === 0 ? empty + 1 : 0;
        if (parked.length === 0) continue;
        await records.send(parked.map(({ body }) => ({ body, group: "redriven" })));
        await remove(parked);
        moved += parked.length;
        yield parked.length;
      }
    } finally {
      await release(later);
    }
  }

  return {
    release,
    remove,
    moveBatches,

    async hold(limit, holdSeconds) {
      const held = new Map<string, HeldMessage>();
      for (let empty = 0; empty < emptyAnswers && held.size < limit; ) {
        const received = await receive(limit - held.size, holdSeconds);
        const fresh = received.filter(({ messageId }) => !held.has(messageId));
        empty = fresh.length === 0 ? empty + 1 : 0;
        for (const message of received) held.set(message.messageId, message);
      }
      return [...held.values()];
    },

    async startMove() {
      // Replay parks by sending, so SQS knows no source to move back to: the destination is named.
      const [SourceArn, DestinationArn] = await Promise.all([arnOf(QueueUrl), arnOf(queueUrl)]);
      try {
        await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (/already.*(task|running|active)/i.test(error.message)) return true;
        if (noSuchAction.test(error.name)) return false;
        throw error;
      }
      return true;
    },

    async moveProgress() {
      const SourceArn = await arnOf(QueueUrl);
      const { Results = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
      const [latest] = Results;
      return (
        latest && {
          status: latest.Status ?? "RUNNING",
          moved: latest.ApproximateNumberOfMessagesMoved ?? 0,
          toMove: latest.ApproximateNumberOfMessagesToMove ?? 0,
          failure: latest.FailureReason,
        }
      );
    },
  };
}

function heldMessage(message: Message): readonly HeldMessage[] {
  const { MessageId, ReceiptHandle, Body = "", Attributes, MessageAttributes = {} } = message;
  if (MessageId === undefined || ReceiptHandle === undefined) return [];
  const attributes = Object.entries(MessageAttributes).map(([name, value]) => [
    name,
    value.StringValue ?? "",
  ]);
  return [
    {
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      sentAtMs: Number(Attributes?.SentTimestamp ?? 0),
      attributes: Object.fromEntries(attributes),
    },
  ];
}

function entriesOf(batch: readonly HeldMessage[]) {
  return batch.map(({ receiptHandle }, i) => ({ Id: String(i), ReceiptHandle: receiptHandle }));
}

function* batchesOf(messages: readonly HeldMessage[]): Generator<readonly HeldMessage[]> {
  for (let from = 0; from < messages.length; from += batchEntries)
    yield messages.slice(from, from + batchEntries);
}
