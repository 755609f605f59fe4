import { setTimeout as sleep } from "node:timers/promises";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import { numberOption, type Options } from "./arguments.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { deadLettersOf } from "./dead-letters.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import type { DeadLetters, MoveProgress } from "./sqs-dead-letters.ts";
import type { Terminal } from "./terminal.ts";

/** One redrive: what is moved, how many wait by SQS's count, and how long it may take. */
interface Redrive {
  readonly deadLetters: DeadLetters;
  readonly waiting: number;
  readonly limit: number | undefined;
  readonly endMs: number;
  readonly terminal: Terminal;
}

/**
 * `understudy dead-letters redrive`: everything that is parked, or so many, goes through the queue again. SQS itself
 * moves everything; so many, and all where SQS has no move tasks (an emulator), are moved from here in batches.
 * @throws CannotTell when the move is not over within `--wait`.
 */
export async function redriveDeadLetters(
  queue: ReachedQueue,
  options: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const { visible } = await createSqsQueue(queue.sqs, queue.deadLetterQueueUrl).depth();
  if (visible === 0 && !queue.approximate) {
    terminal.result("No dead letters.", { moved: 0, status: "COMPLETED" });
    return 0;
  }
  const waitSeconds = numberOption(options, "wait", 300);
  const limit = numberOption(options, "limit", undefined);
  const endMs = performance.now() + waitSeconds * 1000;
  const redrive = { deadLetters: deadLettersOf(queue), waiting: visible, limit, endMs, terminal };
  const bySqs = limit === undefined && (await redrive.deadLetters.startMove());
  const ended = bySqs ? await followMove(redrive) : await moveInBatches(redrive);
  if (ended === undefined || ended.status === "RUNNING") {
    const next = bySqs ? "it goes on by itself" : `${ended?.moved ?? 0} are moved; run it again for the rest`;
    throw new CannotTell(`the move is not over after ${waitSeconds} s (--wait); ${next}.`);
  }
  terminal.result(redriveText(ended, queue, terminal), {
    moved: ended.moved,
    status: ended.status,
    ...(ended.failure && { reason: ended.failure }),
  });
  return ended.status === "COMPLETED" ? 0 : 1;
}

function redriveText(
  { moved, status, failure }: MoveProgress,
  queue: ReachedQueue,
  { command }: Terminal,
): string {
  if (status !== "COMPLETED") {
    const why = failure ? `: ${failure}` : "";
    return `The move ended as ${status} after ${moved} records${why}. Nothing is lost: run it again.`;
  }
  const next = queue.consumed
    ? `What BACKUP refuses again will be parked again: ${command("dead-letters list")}`
    : "No gateway runs on this data directory: it applies them once it is started.";
  return `${moved} records are in the queue again. ${next}`;
}

async function followMove({ deadLetters, waiting, endMs, terminal }: Redrive) {
  const progress = terminal.progress("moving");
  try {
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 2000)) {
      const at = await deadLetters.moveProgress();
      progress.update(at?.moved ?? 0, Math.max(waiting, at?.toMove ?? 0));
      if ((at !== undefined && at.status !== "RUNNING") || performance.now() >= endMs) return at;
      await sleep(Math.max(1, Math.min(pauseMs, endMs - performance.now())));
    }
  } finally {
    progress.stop();
  }
}

async function moveInBatches({ deadLetters, waiting, limit, endMs, terminal }: Redrive) {
  const wanted = limit ?? Number.POSITIVE_INFINITY;
  const progress = terminal.progress("moving");
  let moved = 0;
  try {
    for await (const batch of deadLetters.moveBatches(wanted)) {
      moved += batch;
      progress.update(moved, Math.max(moved, Math.min(waiting, wanted)));
      if (performance.now() >= endMs && moved < wanted) return progressOf("RUNNING", moved);
    }
    return progressOf("COMPLETED", moved);
  } finally {
    progress.stop();
  }
}

function progressOf(status: string, moved: number): MoveProgress {
  return { status, moved, toMove: moved, failure: undefined };
}
