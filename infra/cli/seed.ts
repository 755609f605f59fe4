import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { numberOption, type Options, textOption } from "./arguments.ts";
import { awaitDrain } from "./await-drain.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { countDocuments, readNamedIndices } from "./named-indices.ts";
import { type ReachedClusters, reachClusters } from "./reach-clusters.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import { namedDefinitions, sendRecords, wholeIndex } from "./send-records.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `understudy seed`: has everything that PRIMARY holds brought to BACKUP, through the queue.
 * @throws CannotTell, ClusterError, ConfigError when that cannot be done or followed.
 */
export async function seed(
  queue: ReachedQueue,
  options: Options,
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode> {
  const clusters = await reachClusters(environment, queue.endpoints);
  try {
    return await seedFrom(clusters, queue, options, terminal);
  } finally {
    await clusters.close();
  }
}

async function seedFrom(
  clusters: ReachedClusters,
  queue: ReachedQueue,
  options: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const only = textOption(options, "index");
  const pattern = only ?? "*";
  const found = [...(await readNamedIndices(clusters.primary, pattern)).values()];
  const closed = found.flatMap(({ index, open }) => (open ? [] : [index]));
  const indices = found.flatMap(({ index, open }) => (open ? [index] : []));
  const definitions = only === undefined ? await namedDefinitions(clusters.primary, "seed") : [];
  if (indices.length === 0 && definitions.length === 0) {
    throw new CannotTell(
      `PRIMARY has no open index that [${pattern}] names. Try --index with another pattern.`,
    );
  }
  let documents = 0;
  for (const index of indices) documents += await countDocuments(clusters.primary, index);
  const parked = createSqsQueue(queue.sqs, queue.deadLetterQueueUrl);
  const parkedBefore = (await parked.depth()).visible;
  await sendRecords(queue, [...definitions, ...indices.flatMap((index) => wholeIndex(index, "seed"))]);
  const named = only === undefined ? ` and ${definitions.length} templates, pipelines and scripts` : "";
  terminal.say(`${indices.length} indices with ${documents} documents${named} are queued (${queue.place}).`);
  for (const index of closed) terminal.say(`[${index}] is closed and left out: open it and run this again.`);
  const waitSeconds = numberOption(options, "wait", Number.POSITIVE_INFINITY);
  const level = queue.consumed && (await follow(clusters, queue, indices, documents, waitSeconds, terminal));
  const newlyParked = Math.max(0, (await parked.depth()).visible - parkedBefore);
  const json = {
    indices: indices.length,
    documents,
    definitions: definitions.length,
    closed,
    level,
    parked: newlyParked,
  };
  terminal.result(outcome(level, newlyParked, queue, terminal), json);
  if (newlyParked > 0) return 1;
  return level || waitSeconds === 0 ? 0 : 2;
}

/** Until the queue is empty; the bar shows BACKUP's documents. */
async function follow(
  { backup }: ReachedClusters,
  queue: ReachedQueue,
  indices: readonly string[],
  documents: number,
  waitSeconds: number,
  terminal: Terminal,
): Promise<boolean> {
  const progress = terminal.progress("seeding");
  let nextCountMs = 0;
  try {
    return await awaitDrain(createSqsQueue(queue.sqs, queue.queueUrl), {
      approximate: queue.approximate,
      timeoutMs: waitSeconds * 1000,
      async onDepth() {
        if (performance.now() < nextCountMs) return;
        nextCountMs = performance.now() + 2000;
        progress.update(Math.min(documents, await countAll(backup, indices)), documents);
      },
    });
  } finally {
    progress.stop();
  }
}

/** BACKUP may be away for a while: the records wait, and so does the bar. */
async function countAll(backup: ReachedClusters["backup"], indices: readonly string[]): Promise<number> {
  let total = 0;
  for (const index of indices) total += await countDocuments(backup, index).catch(() => 0);
  return total;
}

function outcome(level: boolean, parked: number, queue: ReachedQueue, { command }: Terminal): string {
  const refused =
    parked > 0 ? ` ${parked} records were parked meanwhile: ${command("dead-letters list")}` : "";
  const proof = `To prove that both are equal: ${command("verify")}`;
  if (level) return `Seeded: the queue is empty.${refused}\n${proof}`;
  if (!queue.consumed) return "Queued. No gateway runs on this data directory: start it to have it applied.";
  return `Queued; the copying goes on by itself.${refused}\nSee how far it is: ${command("status")}\n${proof}`;
}
