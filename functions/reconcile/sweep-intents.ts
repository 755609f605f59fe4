import { type Cluster, ClusterError } from "../core/cluster/port.ts";
import { followUpRecords } from "../core/intent/follow-up.ts";
import { type IntentWork, isIntent, readIntent } from "../core/intent/intents.ts";
import { namesAnyIndex } from "../core/intent/named-indices.ts";
import type { ObjectStore, StoredObject } from "../core/payload/port.ts";
import { type SendServices, sendWork } from "../core/queue/send-work.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { runsByQuery } from "../core/truth/by-query-tasks.ts";

export interface SweepServices extends SendServices {
  /** Asked which indices a pattern names, for a write that gave no per-document answers. */
  readonly primary: Cluster;
  readonly objects: ObjectStore;
  readonly intentPrefix: string;
  /** A younger intent may belong to a write that is still under way. */
  readonly intentAgeMs: number;
  /** How long the run takes; never compared with an intent's time. */
  readonly now: () => number;
}

/** More than any gateway leaves behind in the minutes between two sweeps; a listing takes 1 s for 20,000. */
const intentsListed = 100_000;
/** After this long a run leaves the rest to the next one. The function has 50 s. */
const runMsMax = 35_000;
/** What a run manages with certainty; of more, each run begins elsewhere. */
const managedInOrder = 1000;
const intentsAtOnce = 8;

/**
 * What became of one intent: `gone` before it was looked at; `unreadable` ones wait for a person; `waiting` ones for
 * a task on PRIMARY that may make further indices.
 */
type Sweeping = "swept" | "gone" | "unreadable" | "waiting" | "failed";

/**
 * Turns intents that were left over into records: whoever declared them died, or could not enqueue, or
 * never learned PRIMARY's outcome. An intent goes only when its records are queued, and one that cannot be
 * queued holds up no other.
 * @returns how many intents were swept.
 * @throws Error at the end, when some could not be queued; they stay for the next run.
 */
export async function sweepIntents(services: SweepServices): Promise<number> {
  const { objects, intentPrefix, intentAgeMs, now, telemetry } = services;
  const startedMs = now();
  const objectsThere = await objects.list(intentPrefix, intentsListed);
  const listed = objectsThere.filter(({ key }) => isIntent(key, intentPrefix));
  if (listed.length === 0) return 0;
  const storeMs = await storeClock(objects, intentPrefix);
  const old = inTurn(
    listed.filter(({ modifiedMs }) => storeMs - modifiedMs >= intentAgeMs),
    startedMs,
  );
  const asking = { services, primaryFailed: false };
  const count = { swept: 0, gone: 0, unreadable: 0, waiting: 0, failed: 0 };
  for (let from = 0; from < old.length && now() - startedMs < runMsMax; from += intentsAtOnce) {
    const some = old.slice(from, from + intentsAtOnce);
    for (const end of await Promise.all(some.map(({ key }) => sweepOne(key, asking)))) count[end]++;
  }
  if (count.swept > 0) {
    telemetry.count("intentsSwept", count.swept);
    telemetry.warn("swept intents that were left over", { intents: count.swept });
  }
  if (count.failed > 0) throw new Error(`${count.failed} intents could not be swept now; they stay`);
  return count.swept;
}

/**
 * The time as the store has it, from an object that it has just been given. Intents carry the store's time too,
 * so neither the writer's clock nor this machine's decides what is old.
 */
async function storeClock(objects: ObjectStore, intentPrefix: string): Promise<number> {
  const key = `${intentPrefix}clock`;
  // Not empty: the SDK would take it for a stream of unknown length, and say so in the log at each sweep.
  await objects.put(key, "clock");
  const [marker] = await objects.list(key, 1);
  if (marker === undefined) throw new Error(`the store does not list [${key}], which it has just taken`);
  return marker.modifiedMs;
}

/** Oldest first. Of very many each run begins elsewhere: those that fail at the front must not starve the rest. */
function inTurn(old: readonly StoredObject[], nowMs: number): readonly StoredObject[] {
  const first = old.length > managedInOrder ? nowMs % old.length : 0;
  return [...old.slice(first), ...old.slice(0, first)];
}

interface Asking {
  readonly services: SweepServices;
  /** PRIMARY gave no answer in this run: asking again for each intent would use the run up. */
  primaryFailed: boolean;
}

async function sweepOne(key: string, asking: Asking): Promise<Sweeping> {
  const { objects, telemetry } = asking.services;
  try {
    const body = await objects.get(key);
    if (body === undefined) return "gone";
    const intent = readIntent(body);
    if (intent === undefined) {
      telemetry.error("an intent cannot be read; it stays for a person to look at", { key });
      return "unreadable";
    }
    if (await mustWait(intent.work, asking)) return "waiting";
    await queueFollowUp(intent, asking);
    await objects.remove(key);
    return "swept";
  } catch (error) {
    telemetry.error("an intent could not be swept; it stays", { key, reason: reasonOf(error) });
    return "failed";
  }
}

/** Which indices a wildcard means is only known when the task that may make some of them is over. */
async function mustWait(work: IntentWork, asking: Asking): Promise<boolean> {
  if (work.kind !== "reconcile" || !namesAnyIndex(work.pattern)) return false;
  return askPrimary(asking, runsByQuery);
}

/** Rejects at once where PRIMARY gave no answer before in this run. */
async function askPrimary<T>(asking: Asking, question: (primary: Cluster) => Promise<T>): Promise<T> {
  if (asking.primaryFailed) throw new Error("PRIMARY could not be asked just now");
  return question(asking.services.primary).catch((error: unknown) => {
    if (error instanceof ClusterError) asking.primaryFailed = true;
    throw error;
  });
}

async function queueFollowUp(
  { work, ...origin }: NonNullable<ReturnType<typeof readIntent>>,
  asking: Asking,
): Promise<void> {
  const cause = { ...origin, reason: "intent left over" };
  const records =
    work.kind === "reconcile"
      ? await askPrimary(asking, (primary) => followUpRecords(work, cause, primary))
      : await followUpRecords(work, cause, asking.services.primary);
  await sendWork(records, asking.services);
}
