import { isIntent } from "../../functions/core/intent/intents.ts";
import { startConsumers, startSweeper, startWriters, type Writers } from "./actors.ts";
import { createMemoryCluster } from "./cluster/memory-cluster.ts";
import { createGuesses } from "./guesses.ts";
import { differences, differentOpenness, leftovers } from "./invariants.ts";
import { createMemoryQueue } from "./memory-queue.ts";
import { createPrimaryIndices, scheduleIncidents } from "./operators.ts";
import { createRandom } from "./random.ts";
import { createSimulatedCluster } from "./simulated-cluster.ts";
import { createMemoryObjects } from "./simulated-storage.ts";
import { intentPrefix, type Universe } from "./universe.ts";
import { createWeather } from "./weather.ts";
import { createWorkload, type Workload } from "./workload.ts";
import { createWorld } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** @default 200 */
  readonly operations?: number;
  /** @default 20 */
  readonly ids?: number;
  /** @default nothing is kept */
  readonly trace?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  /** Empty: every invariant held. */
  readonly violations: readonly string[];
  readonly events: number;
  readonly faults: ReadonlyMap<string, number>;
  /** The awaits at which a process died. */
  readonly deaths: ReadonlyMap<string, number>;
}

const startMs = Date.UTC(2026, 0, 28, 23, 0, 0);
const dayMs = 86_400_000;
const eventsMax = 400_000;
const redrivesMax = 6;

/**
 * One run: random work through the real use-cases while the weather and the incidents last, then calm; all
 * records drain, dead letters are redriven after days, and BACKUP must be equal to PRIMARY.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const frames = Error.stackTraceLimit;
  // Of thousands of errors that are made to fail a call, nobody looks at the stack.
  if (options.trace === undefined) Error.stackTraceLimit = 0;
  try {
    return await runSeed(options);
  } finally {
    Error.stackTraceLimit = frames;
  }
}

async function runSeed(options: SimulationOptions): Promise<SimulationResult> {
  const violations: string[] = [];
  const { universe, wake, intentPut } = createUniverse(options, violations);
  const { world, random, weather } = universe;
  const workload = createWorkload(random.fork(), options.ids ?? 20);
  createPrimaryIndices(universe, workload.indices);
  world.after(3_600_000, () => undefined);
  await world.run(1);
  const writers = startWriters(universe, 2);
  const consumers = startConsumers(universe, 3);
  wake.now = consumers.wake;
  intentPut.now = startSweeper(universe).intentPut;
  const durationMs = scheduleWork(universe, workload, writers, options.operations ?? 200);
  scheduleIncidents(universe, durationMs);
  world.after(durationMs, weather.calm);
  let quiet = await world.run(eventsMax);
  if (universe.deadLetters.waiting.length === 0) violations.push(...differentOpenness(universe));
  // One write into each index, so that a life which nobody told the gateway of shows itself.
  for (const index of workload.indices) {
    // Its client may have given up; what a closed index holds cannot be compared.
    if (universe.primary.memory.catalog.indices.get(index)?.closed === true)
      await reopen(universe, writers, index);
    void writers.request({ method: "PUT", path: `/${index}/_doc/last`, body: '{"n":0}', operations: 1 });
  }
  quiet = (await world.run(eventsMax)) && quiet;
  for (let i = 0; i < redrivesMax && universe.deadLetters.waiting.length > 0; i++) {
    world.after(random.pick([1, 5, 13]) * dayMs, () => universe.deadLetters.moveAll(universe.queue));
    quiet = (await world.run(eventsMax)) && quiet;
    if (i > 0 && leftovers(universe, poisonIn(universe)).length === 0) break;
  }
  if (!quiet) violations.push("the run does not come to rest");
  violations.push(...leftovers(universe, poisonIn(universe)), ...differences(universe));
  return {
    seed: options.seed,
    violations,
    events: world.events,
    faults: weather.struck,
    deaths: universe.deaths,
  };
}

async function reopen({ world }: Universe, writers: Writers, index: string): Promise<void> {
  void writers.request({ method: "POST", path: `/${index}/_open`, body: "", operations: 1 });
  await world.run(eventsMax);
}

/** Messages that nobody can read stay parked for ever, as they should. */
function poisonIn({ deadLetters }: Universe): number {
  return deadLetters.waiting.filter((body) => !/^\{"schema":1,.*"kind":"(apply|define|reconcile)/.test(body))
    .length;
}

interface Late {
  now: () => void;
}

function createUniverse(options: SimulationOptions, violations: string[]) {
  const { seed, trace = () => undefined } = options;
  const random = createRandom(seed);
  const world = createWorld(startMs);
  const weather = createWeather(random.fork());
  const wake: Late = { now: () => undefined };
  const intentPut: Late = { now: () => undefined };
  const guesses = createGuesses();
  const cluster = (name: "primary" | "backup", autoCreate: boolean) => {
    const memory = createMemoryCluster({ random: random.fork(), now: world.now, autoCreate });
    const fault = name === "primary" ? "primaryItemRefused" : "backupItemRefused";
    memory.catalog.setItemFault(() => {
      if (!weather.strikes(fault)) return undefined;
      const status = random.pick([429, 503]);
      return {
        status,
        type: status === 429 ? "es_rejected_execution_exception" : "unavailable_shards_exception",
        reason: "the model's weather",
      };
    });
    return createSimulatedCluster({
      name,
      memory,
      world,
      random: random.fork(),
      weather,
      trace: options.trace,
      guesses,
    });
  };
  const queue = () =>
    createMemoryQueue({
      world,
      random: random.fork(),
      visibilitySeconds: 720,
      duplicates: () => weather.strikes("duplicateDelivery"),
      onVisible: () => wake.now(),
    });
  const universe: Universe = {
    world,
    random,
    weather,
    primary: cluster("primary", true),
    backup: cluster("backup", random.chance(0.5)),
    queue: queue(),
    deadLetters: queue(),
    objects: createMemoryObjects(world, weather, (key) => {
      if (isIntent(key, intentPrefix)) intentPut.now();
    }),
    envelope: { encoding: "plain", inlineBytesMax: random.pick([300, 100_000]), payloadPrefix: "payloads/" },
    retryMsMax: random.pick([600_000, 72 * 3_600_000]),
    clocksDiffer: random.chance(0.3),
    trace,
    violation: (what) => {
      trace(`VIOLATION ${what}`);
      violations.push(what);
    },
    guesses,
    deaths: new Map(),
  };
  return { universe, wake, intentPut };
}

/** Spreads the work over virtual time, with quiet stretches; gives its length in milliseconds. */
function scheduleWork(universe: Universe, workload: Workload, writers: Writers, operations: number): number {
  const { world, random } = universe;
  let atMs = 0;
  for (let left = operations; left > 0; ) {
    const errand = workload.next();
    for (const { operations: count } of errand) left -= count;
    world.after(atMs, () => void run(errand));
    atMs += random.chance(0.04) ? random.whole(5000, 90_000) : random.whole(0, 150);
  }
  for (const errand of workload.last()) world.after(atMs, () => void run(errand));
  async function run(errand: ReturnType<Workload["next"]>): Promise<void> {
    for (const request of errand) {
      for (let tries = 0; tries < 5; tries++) {
        const answer = await writers.request(request);
        // As clients do: an answer that says "again" is followed.
        if (answer !== undefined && answer.status !== 503 && answer.status !== 429) break;
        await new Promise<void>((resolve) => world.after(random.whole(200, 3000), resolve));
      }
    }
  }
  return atMs + 10_000;
}
