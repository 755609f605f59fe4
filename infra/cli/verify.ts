import { setTimeout as sleep } from "node:timers/promises";
import { namesAnyIndex } from "../../functions/core/intent/named-indices.ts";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { numberOption, type Options, textOption } from "./arguments.ts";
import { awaitDrain, waitingIn } from "./await-drain.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { type ReachedClusters, reachClusters } from "./reach-clusters.ts";
import { type ReachedQueue, reachQueue } from "./reach-queue.ts";
import { clearTheWay, deletionMemoryMs, queueRepairs } from "./repair.ts";
import type { Terminal } from "./terminal.ts";
import { type Verification, verificationOf, verificationText } from "./verification.ts";
import { type IndexResult, verifyClusters } from "./verify-clusters.ts";

/** Between two looks: at least, and with an unending queue at most. */
const settleMs = { least: 1000, most: 5000 };
/** The second repair is for what stood in the way of the first. */
const repairsMax = 2;

interface Scene {
  readonly clusters: ReachedClusters;
  readonly queue: ReachedQueue | undefined;
  readonly options: Options;
  readonly terminal: Terminal;
}

/**
 * `understudy verify`: whether BACKUP holds exactly what PRIMARY holds; with `--repair`, makes it so.
 * @throws CannotTell, ClusterError, ConfigError when that cannot be told.
 */
export async function verify(
  options: Options,
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode> {
  const repairs = options["repair"] === true;
  const queue = await reachQueue(options, environment).catch((error: unknown) => {
    // Only comparing needs no queue, but a stack that is named must be there.
    if (repairs || options["stack"] !== undefined || !(error instanceof CannotTell)) throw error;
    return undefined;
  });
  try {
    const clusters = await reachClusters(environment, queue?.endpoints);
    const scene: Scene = { clusters, queue, options, terminal };
    try {
      return repairs && queue !== undefined ? await verifyAndRepair(scene, queue) : await verifyOnly(scene);
    } finally {
      await clusters.close();
    }
  } finally {
    await queue?.close();
  }
}

async function verifyOnly(scene: Scene): Promise<ExitCode> {
  const { found } = await firstLook(scene);
  scene.terminal.result(verificationText(found, scene.terminal), found);
  return exitCodeOf(found);
}

async function verifyAndRepair(scene: Scene, queue: ReachedQueue): Promise<ExitCode> {
  const { terminal } = scene;
  let seen = await firstLook(scene);
  const before = seen.found.differences;
  let [records, deleted] = [0, 0];
  for (let round = 0; round < repairsMax && seen.found.differences > 0; round++) {
    terminal.say(`${seen.found.differences} differences: mending them through ${queue.place}`);
    const removed = await clearTheWay(seen.results, scene.clusters.backup, round > 0);
    deleted += removed;
    if (queue.consumed && (removed > 0 || round > 0)) await waitUntilForgotten(scene, seen.results);
    records += await queueRepairs(seen.results, queue);
    if (!queue.consumed) break;
    await drain(scene, queue);
    seen = await lookThrough(scene);
  }
  const { found } = seen;
  const note = queue.consumed ? "" : "\nNo gateway runs on this data directory: start it, then verify again.";
  const sent = `${before} differences before the repair; ${records} records queued, ${deleted} documents deleted on BACKUP.`;
  const text =
    before === 0
      ? verificationText(found, scene.terminal)
      : `${sent}\n${verificationText(found, scene.terminal)}${note}`;
  terminal.result(text, { ...found, repair: { before, records, deleted } });
  return exitCodeOf(found);
}

/** A copy with an older version than a deletion that BACKUP remembers would count as superseded. */
async function waitUntilForgotten({ clusters, terminal }: Scene, results: readonly IndexResult[]) {
  const indices = results.flatMap((result) =>
    result.kind === "compared" && result.lasting.size > 0 ? [result.index] : [],
  );
  const memoryMs = (await deletionMemoryMs(clusters.backup, indices)) + 1000;
  const seconds = Math.ceil(memoryMs / 1000);
  terminal.say(`BACKUP remembers deletions for a while (index.gc_deletes): waiting ${seconds} s`);
  const progress = terminal.progress("waiting");
  for (let second = 0; second < seconds; second++) {
    progress.update(second, seconds);
    await sleep(1000);
  }
  progress.stop();
}

async function drain({ terminal, options }: Scene, queue: ReachedQueue): Promise<void> {
  const waitSeconds = numberOption(options, "wait", 600);
  const progress = terminal.progress("applying");
  let most = 1;
  const drained = await awaitDrain(createSqsQueue(queue.sqs, queue.queueUrl), {
    approximate: queue.approximate,
    timeoutMs: waitSeconds * 1000,
    onDepth(depth) {
      most = Math.max(most, waitingIn(depth));
      progress.update(most - waitingIn(depth), most);
    },
  }).finally(progress.stop);
  if (!drained) {
    terminal.say(`the queue is not empty after ${waitSeconds} s (--wait); comparing all the same`);
  }
}

function exitCodeOf({ differences, notCompared, moving }: Verification): ExitCode {
  if (differences > 0) return 1;
  return notCompared.length > 0 || moving > 0 ? 2 : 0;
}

/** A misspelt name must not pass for two equal clusters. */
async function firstLook(scene: Scene) {
  const seen = await lookThrough(scene);
  const pattern = textOption(scene.options, "index") ?? "*";
  if (seen.results.length === 0 && !namesAnyIndex(pattern)) {
    throw new CannotTell(`neither cluster has [${pattern}]\nCheck the name given with --index.`);
  }
  return seen;
}

async function lookThrough({ clusters, queue, options, terminal }: Scene) {
  const progress = terminal.progress("comparing");
  const records = queue && createSqsQueue(queue.sqs, queue.queueUrl);
  try {
    const results = await verifyClusters(clusters, {
      pattern: textOption(options, "index") ?? "*",
      sources: options["sources"] === true,
      looks: numberOption(options, "looks", 3),
      onProgress: progress.update,
      async settle() {
        await sleep(settleMs.least);
        if (records === undefined || queue?.consumed !== true) return false;
        // Delayed records are second thoughts: nothing that a first look misses waits for them.
        const { approximate } = queue;
        return awaitDrain(records, { approximate, timeoutMs: settleMs.most, ignoreDelayed: true });
      },
    });
    return { results, found: verificationOf(results, await records?.depth()) };
  } finally {
    progress.stop();
  }
}
