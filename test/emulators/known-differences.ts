import type { EmulatorName } from "./engines.ts";

/**
 * - `absent`: the emulator does not offer it; the case is not run.
 * - `differs`: it answers otherwise than AWS documents; the case is run, and must fail.
 */
export interface KnownDifference {
  readonly kind: "absent" | "differs";
  readonly reason: string;
}

const absent = (reason: string): KnownDifference => ({ kind: "absent", reason });
const differs = (reason: string): KnownDifference => ({ kind: "differs", reason });

/** By the case's name. What AWS documents stands with the case. */
export const knownDifferences: Readonly<Record<EmulatorName, Readonly<Record<string, KnownDifference>>>> = {
  elasticmq: {
    "DeleteMessage removes the message for good and may be repeated": differs("a second deletion is refused"),
    "ChangeMessageVisibility refuses more than 12 hours": differs("it takes any number of seconds"),
    "ChangeMessageVisibility counts the 12 hours from the receive": differs("it takes any number of seconds"),
    "ChangeMessageVisibility refuses a message that is visible again": differs("it hides the message again"),
    "DeleteMessage with the handle of an earlier receive does not delete": differs("the request is refused"),
    "SendMessage takes 1 MiB and refuses one byte more": differs(
      "it refuses with another error code (InvalidAttributeValue)",
    ),
    "SendMessage refuses characters that XML cannot hold": differs(
      "it refuses with another error code (InvalidAttributeValue)",
    ),
    "ReceiveMessage gives the attributes that are named, one by one or by prefix":
      differs("it knows no prefixes"),
    "ReceiveMessage refuses numbers out of range": differs("it takes any VisibilityTimeout"),
    "a message has at most 10 attributes": differs(
      "it refuses with another error code (InvalidAttributeValue)",
    ),
    "attributes count towards the 1 MiB": differs("only the body counts"),
    "SendMessageBatch fails the entry that is wrong and sends the others": differs(
      "a failed entry has another error code (InvalidAttributeValue)",
    ),
    "SendMessageBatch refuses as a whole what has no, too many, repeated or unusable ids":
      differs("it takes an empty batch"),
    "SendMessageBatch refuses more than 1 MiB together": differs(
      "it refuses with another error code (InvalidAttributeValue)",
    ),
    "StartMessageMoveTask brings dead letters back as new messages": differs(
      "a task that is over says that nothing was moved",
    ),
    "CancelMessageMoveTask stops a slow task; a second start meanwhile is refused": differs(
      "ListMessageMoveTasks forgets a task that was cancelled",
    ),
    "StartMessageMoveTask refuses a queue that is nobody's dead-letter queue": absent(
      "the request hangs, and the server answers nobody afterwards",
    ),
    "GetQueueAttributes leaves out what a queue does not have, and refuses an unknown name": differs(
      "it overlooks an unknown name",
    ),
  },
  ministack: {
    "DeleteMessage removes the message for good and may be repeated": differs("a second deletion is refused"),
    "ChangeMessageVisibility refuses more than 12 hours": differs("it takes any number of seconds"),
    "ChangeMessageVisibility counts the 12 hours from the receive": differs("it takes any number of seconds"),
    "ChangeMessageVisibility refuses a message that is visible again": differs("it hides the message again"),
    "DeleteMessage with the handle of an earlier receive does not delete": differs("the request is refused"),
    "ReceiveMessage refuses numbers out of range": differs("it waits for 21 seconds"),
    "a message has at most 10 attributes": differs("it takes eleven"),
    "attributes count towards the 1 MiB": differs("only the body counts"),
    "SendMessageBatch fails the entry that is wrong and sends the others": differs(
      "it takes a DelaySeconds of 901",
    ),
    "GetQueueAttributes leaves out what a queue does not have, and refuses an unknown name": differs(
      "it overlooks an unknown name",
    ),
    "StartMessageMoveTask brings dead letters back as new messages": absent("it has no message move tasks"),
    "CancelMessageMoveTask stops a slow task; a second start meanwhile is refused": absent(
      "it has no message move tasks",
    ),
    "StartMessageMoveTask refuses a queue that is nobody's dead-letter queue": absent(
      "it has no message move tasks",
    ),
    "CancelMessageMoveTask refuses a task that nobody started": absent("it has no message move tasks"),
    "ListDeadLetterSourceQueues names the queues that redrive here": absent(
      "it has no ListDeadLetterSourceQueues",
    ),
    "DeleteObjects with Quiet names none, and refuses more than 1,000 keys": differs(
      "it takes more than 1,000 keys",
    ),
    "ListObjectsV2 counts its keys, and gives none for max-keys 0": differs(
      "an answer without keys is called truncated",
    ),
    "a key has at most 1,024 bytes": differs("it takes longer ones"),
  },
  moto: {
    "ChangeMessageVisibility refuses a message that is visible again": differs("it hides the message again"),
    "DeleteMessage with the handle of an earlier receive does not delete": differs("it deletes the message"),
    "SendMessage refuses characters that XML cannot hold": differs("it takes them"),
    "SendMessage refuses an empty body": differs("it takes it"),
    "a message has at most 10 attributes": differs("it takes eleven"),
    "attributes count towards the 1 MiB": differs("only the body counts"),
    "SendMessageBatch fails the entry that is wrong and sends the others": differs(
      "it takes characters that XML cannot hold",
    ),
    "DeleteMessageBatch takes ten entries and refuses eleven": differs("it takes eleven"),
    "a message received too often moves to the dead-letter queue with its history": differs(
      "it does not say where a dead letter comes from",
    ),
    "StartMessageMoveTask brings dead letters back as new messages": absent("it has no message move tasks"),
    "CancelMessageMoveTask stops a slow task; a second start meanwhile is refused": absent(
      "it has no message move tasks",
    ),
    "StartMessageMoveTask refuses a queue that is nobody's dead-letter queue": absent(
      "it has no message move tasks",
    ),
    "CancelMessageMoveTask refuses a task that nobody started": absent("it has no message move tasks"),
    "GetQueueAttributes leaves out what a queue does not have, and refuses an unknown name": differs(
      "times have a fraction of a second",
    ),
    "PutObject refuses a body that is not what its SHA-256 says": differs("it does not check"),
    "PutObject refuses a body that is not what its CRC32 says": differs("it does not check"),
    "a checksum that came with an object is given back to those who ask for it":
      differs("HeadObject has none"),
    "DeleteObjects with Quiet names none, and refuses more than 1,000 keys": differs("it names them"),
    "a key has at most 1,024 bytes": differs("it takes a key of 1,024 characters and more bytes"),
  },
};
