import { createIncarnations } from "../../functions/core/definition/incarnations.ts";
import { createPrimaryCatalog } from "../../functions/core/definition/primary-catalog.ts";
import type { Answer } from "../../functions/core/http/answer.ts";
import { createIntents, isIntent } from "../../functions/core/intent/intents.ts";
import type { ObjectStore } from "../../functions/core/payload/port.ts";
import { createJsonLog } from "../../functions/core/runtime/json-log.ts";
import { type CounterName, createTelemetry, type Telemetry } from "../../functions/core/runtime/telemetry.ts";
import { createTombstones } from "../../functions/core/tombstone/tombstones.ts";
import { sweepIntents } from "../../functions/reconcile/sweep-intents.ts";
import { createParkingLot } from "../../functions/replay/park.ts";
import { pauseSeconds, type ReplayServices, replayBatch } from "../../functions/replay/replay-batch.ts";
import type { WriteServices } from "../../functions/write/write-services.ts";
import { writeThrough } from "../../functions/write/write-through.ts";
import { fakeHandles } from "../support/fake-handles.ts";
import { noShield } from "../support/no-shield.ts";
import { noUntranslated } from "../support/no-untranslated.ts";
import { primaryToRead } from "./primary-to-read.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { queueFor, removeMessage } from "./simulated-storage.ts";
import { intentPrefix, isModelError, startProcess, type Universe } from "./universe.ts";
import { type ClientRequest, gatewayRequest } from "./workload.ts";

/** The parts of the deployment that run the real use-cases. */
const intentAgeMs = 120_000;
const retryPauseMaxSeconds = 300;
let nothing: undefined;

function telemetryFor(universe: Universe, process: SimulatedProcess): Telemetry {
  return createTelemetry(
    createJsonLog(
      (line) => universe.trace(`${universe.world.now()} ${process.name} log ${line}`),
      process.now,
    ),
  );
}

/** The write function: some instances, each with several requests at once; a dead one is replaced. */
export interface Writers {
  /** `undefined`: the process died, the client's connection was reset. */
  request(request: ClientRequest): Promise<Answer | undefined>;
}

export function startWriters(universe: Universe, instances: number): Writers {
  const { world, random, trace, violation } = universe;
  let ids = 0;
  const slots = Array.from({ length: instances }, () => start());

  interface Instance {
    readonly process: SimulatedProcess;
    readonly services: WriteServices;
    readonly hangups: Set<() => void>;
  }

  function start(): Instance {
    const hangups = new Set<() => void>();
    const process = startProcess(universe, "writer", () => {
      for (const hangup of hangups) hangup();
    });
    const telemetry = telemetryFor(universe, process);
    const primary = universe.primary.portFor(process);
    const objects = universe.objects.portFor(process);
    const services: WriteServices = {
      primary,
      handles: () => Promise.resolve(fakeHandles),
      catalog: createPrimaryCatalog(primary, 5000, world.now),
      intents: createIntents(objects, intentPrefix, () => undefined),
      intentMode: "before",
      queue: queueFor(process, universe.queue, universe.weather),
      payloads: objects,
      envelope: universe.envelope,
      telemetry,
      epoch: 0,
      newId: () => `auto${++ids}`,
      bodyBytesMax: 1e8,
      writeTimeoutMs: 25_000,
      enforceBulkRequestsOnly: false,
    };
    return { process, services, hangups };
  }

  return {
    request(request) {
      const at = random.whole(0, instances - 1);
      let instance = slots[at] ?? start();
      if (!instance.process.alive) {
        instance = start();
        slots[at] = instance;
      }
      const { process, services, hangups } = instance;
      trace(`${world.now()} client ${request.method} ${request.path} ${request.body.replace(/\n/g, " ")}`);
      return new Promise((resolve) => {
        const hangup = () => resolve(nothing);
        hangups.add(hangup);
        writeThrough(gatewayRequest(request, process.now()), services)
          .then(resolve, (error: unknown) => {
            if (!isModelError(error)) violation(`writeThrough() threw ${String(error)}`);
            resolve(nothing);
          })
          .finally(() => hangups.delete(hangup));
      });
    },
  };
}

/** The replay function behind its event source mapping. */
export interface Consumers {
  /** Messages are visible. */
  wake(): void;
}

export function startConsumers(universe: Universe, count: number): Consumers {
  const { world, random } = universe;
  const idle = new Set<() => void>();

  function start(): void {
    const process = startProcess(universe, "consumer", () => {
      idle.delete(poll);
      world.after(random.whole(10, 5000), start);
    });
    const consumer = { process, ...replayServices(universe, process) };
    const poll = () => {
      idle.delete(poll);
      void pollUntilEmpty(universe, consumer).then(() => idle.add(poll));
    };
    poll();
  }

  for (let i = 0; i < count; i++) start();
  return {
    wake() {
      const waiting = [...idle];
      random.pickFrom(waiting)?.();
    },
  };
}

interface Consumer {
  readonly process: SimulatedProcess;
  readonly services: ReplayServices;
  /** Records that came to an end, or are to come again, by the counters. */
  readonly ended: () => number;
}

const endCounters: ReadonlySet<CounterName> = new Set([
  "recordsApplied",
  "recordsSuperseded",
  "recordsParked",
  "recordsRetried",
]);

function replayServices(universe: Universe, process: SimulatedProcess): Omit<Consumer, "process"> {
  const telemetry = telemetryFor(universe, process);
  let ended = 0;
  const count: Telemetry["count"] = (name, by = 1) => {
    if (endCounters.has(name)) ended += by;
  };
  const primary = primaryToRead(universe, process, "replay");
  const backup = universe.backup.portFor(process);
  const payloads = universe.objects.portFor(process);
  const deadLetters = queueFor(process, universe.deadLetters, universe.weather);
  const services: ReplayServices = {
    primary,
    backup,
    tombstones: createTombstones(backup, process.now, { askFirstFrom: 1 }),
    incarnations: createIncarnations(primary, backup, noUntranslated, process.now),
    untranslated: noUntranslated,
    shield: noShield,
    queue: queueFor(process, universe.queue, universe.weather),
    parkingLot: createParkingLot(deadLetters, payloads, universe.envelope, process.now),
    payloads,
    envelope: universe.envelope,
    telemetry: { ...telemetry, count },
    epoch: 0,
    now: process.now,
    monotonicMs: universe.world.now,
    sleep: process.sleep,
    retryMsMax: universe.retryMsMax,
  };
  return { services, ended: () => ended };
}

async function pollUntilEmpty(universe: Universe, consumer: Consumer) {
  const { process } = consumer;
  const { queue, weather } = universe;
  while (true) {
    const plan = { effectMs: weather.latencyMs(), answerMs: 40, error: undefined };
    const receiving = { ...plan, answerMs: plan.effectMs + weather.latencyMs() };
    const messages = await process.call("queue receive", receiving, () => ({ value: queue.receive() }));
    if (messages.length === 0) return;
    try {
      await handleBatch(messages, universe, consumer);
    } catch (error) {
      // The function failed: SQS hands the whole batch out again when its time is over.
      if (!isModelError(error)) universe.violation(`the replay function threw ${describe(error)}`);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

type Messages = Parameters<typeof replayBatch>[0];

/** What replay/handler.ts does, then what the event source mapping does with its answer. */
async function handleBatch(
  messages: Messages,
  universe: Universe,
  { process, services, ended }: Consumer,
): Promise<void> {
  universe.guesses.begin(process);
  const before = ended();
  const ends = await replayBatch(messages, services);
  const counted = ended() - before;
  if (counted !== messages.length) {
    universe.violation(`conservation: ${messages.length} records were handled and ${counted} were counted`);
  }
  const failures = messages.filter((_, i) => ends[i]?.kind === "retry");
  for (const [i, end] of ends.entries()) {
    if (end.kind === "retry")
      universe.trace(`${universe.world.now()} ${process.name} retries ${messages[i]?.id}: ${end.reason}`);
  }
  await Promise.all(
    failures.map((message) => {
      const seconds = pauseSeconds(message.receives, retryPauseMaxSeconds, universe.random.next);
      return services.queue.hide(message.receiptHandle, seconds);
    }),
  );
  for (const [i, message] of messages.entries()) {
    if (ends[i]?.kind !== "done") continue;
    await removeMessage(process, universe.queue, message.receiptHandle, universe.weather);
  }
}

/** The sweep: it looks again whenever an intent has become old enough to be swept. */
export function startSweeper(universe: Universe): { intentPut(): void } {
  const { world, random, objects } = universe;
  const left = () => [...objects.objects.keys()].some((key) => isIntent(key, intentPrefix));

  function sweep(): void {
    if (!left()) return;
    const again = () => world.after(random.whole(1000, 60_000), sweep);
    const process = startProcess(universe, "sweeper", again);
    const ports = sweptObjects(universe, process);
    const services = {
      primary: primaryToRead(universe, process, "sweep"),
      objects: ports,
      intentPrefix,
      intentAgeMs,
      queue: queueFor(process, universe.queue, universe.weather),
      payloads: ports,
      envelope: universe.envelope,
      telemetry: telemetryFor(universe, process),
      now: process.now,
    };
    sweepIntents(services).catch((error: unknown) => {
      if (!isModelError(error)) universe.violation(`sweepIntents() threw ${describe(error)}`);
      again();
    });
  }

  return {
    intentPut() {
      world.after(intentAgeMs + random.whole(0, 5000), sweep);
    },
  };
}

/** The store as a sweep sees it: an intent that is younger than that by the store's clock is not for it to take. */
function sweptObjects({ objects, world, violation }: Universe, process: SimulatedProcess): ObjectStore {
  const store = objects.portFor(process);
  return {
    ...store,
    remove(key) {
      const ageMs = world.now() - (objects.objects.get(key)?.modifiedMs ?? 0);
      if (ageMs < intentAgeMs) violation(`an intent was swept when it was ${ageMs} ms old`);
      return store.remove(key);
    },
  };
}
