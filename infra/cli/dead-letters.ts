import { createS3ObjectStore } from "../../functions/core/payload/s3-object-store.ts";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import { numberOption, type Options } from "./arguments.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { type ParkedRecord, parkedRecord, payloadOf } from "./parked-record.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import { createDeadLetters, type DeadLetters, type HeldMessage } from "./sqs-dead-letters.ts";
import type { Terminal } from "./terminal.ts";

/** Long enough to see all of a long queue; what is held longer is seen by others again. */
const listHoldSeconds = 60;
const discardHoldSeconds = 600;
const discardMax = 100_000;

/** The dead letters of a queue that was found. */
export function deadLettersOf(queue: ReachedQueue): DeadLetters {
  const { sqs, deadLetterQueueUrl, queueUrl, approximate } = queue;
  return createDeadLetters(sqs, deadLetterQueueUrl, queueUrl, approximate ? 1 : 0);
}

/** `understudy dead-letters list`: shows what is parked and lets it be. */
export async function listDeadLetters(
  queue: ReachedQueue,
  options: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const deadLetters = deadLettersOf(queue);
  const held = await deadLetters.hold(numberOption(options, "limit", 1000), listHoldSeconds);
  await deadLetters.release(held);
  const { visible, inFlight, delayed } = await createSqsQueue(queue.sqs, queue.deadLetterQueueUrl).depth();
  const records = held.map(parkedRecord).sort((a, b) => a.parkedAt.localeCompare(b.parkedAt));
  const total = Math.max(visible + inFlight + delayed, records.length);
  terminal.result(listText(records, total, terminal), { total, deadLetters: records });
  return 0;
}

function listText(records: readonly ParkedRecord[], total: number, { command }: Terminal): string {
  if (total === 0) return "No dead letters.";
  const lines = records.map(({ index, id, reason, parkedAt, receives, operations, requestId }) => {
    const document = id === undefined ? "" : `/${id}`;
    const request = requestId === undefined ? "" : `, request ${requestId}`;
    const size = operations === 1 ? "1 operation" : `${operations} operations`;
    return `${parkedAt}  ${index}${document}  ${size}, tried ${receives} times${request}\n    ${reason}`;
  });
  const shown = records.length === total ? `${total}` : `${records.length} of ${total}`;
  return [
    ...lines,
    "",
    `${shown} dead letters. Once the reasons are mended: ${command("dead-letters redrive")}`,
  ].join("\n");
}

/** `understudy dead-letters discard`: deletes what is parked when it begins, and its payloads. */
export async function discardDeadLetters(
  queue: ReachedQueue,
  options: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const deadLetters = deadLettersOf(queue);
  const { visible } = await createSqsQueue(queue.sqs, queue.deadLetterQueueUrl).depth();
  if (visible === 0 && !queue.approximate) {
    terminal.result("No dead letters.", { discarded: 0, kept: 0, payloads: 0 });
    return 0;
  }
  if (options["yes"] !== true) {
    throw new CannotTell(
      `${visible} dead letters would be deleted for good; BACKUP would stay without what they hold.\n` +
        `See them: ${terminal.command("dead-letters list")}\nTo delete them, repeat this with --yes.`,
    );
  }
  const beganMs = Date.now();
  const held = await deadLetters.hold(discardMax, discardHoldSeconds);
  const meant = held.filter(({ sentAtMs }) => sentAtMs <= beganMs);
  const gone = new Set(await deadLetters.remove(meant));
  await deadLetters.release(held.filter((message) => !gone.has(message)));
  const kept = meant.length - gone.size;
  const payloads = await removePayloads([...gone], queue);
  terminal.result(discardText(gone.size, kept, payloads, queue, terminal), {
    discarded: gone.size,
    kept,
    payloads,
  });
  return kept === 0 ? 0 : 1;
}

/** After their messages: a payload without a record only waits for its expiry; a record wants its payload. */
async function removePayloads(gone: readonly HeldMessage[], queue: ReachedQueue): Promise<number> {
  if (queue.payloadBucket === undefined) return 0;
  const objects = createS3ObjectStore(queue.s3, queue.payloadBucket);
  let removed = 0;
  for (const { body } of gone) {
    const payload = payloadOf(body);
    if (payload === undefined) continue;
    await objects.remove(queue.payloadPrefix + payload.id);
    removed++;
  }
  return removed;
}

function discardText(
  gone: number,
  kept: number,
  payloads: number,
  queue: ReachedQueue,
  { command }: Terminal,
): string {
  const theirs = payloads > 0 ? ` and ${payloads} payloads` : "";
  const rest = kept > 0 ? ` ${kept} could not be deleted and are still there: run it again.` : "";
  const note =
    queue.payloadBucket === undefined
      ? "\nTheir payloads stay until they expire (no --payload-bucket or PAYLOAD_BUCKET)."
      : "";
  return `${gone} dead letters${theirs} are deleted.${rest}${note}\nWhat they held is on PRIMARY only: ${command("verify --repair")}`;
}
