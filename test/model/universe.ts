import type { EnvelopeSettings } from "../../functions/core/replication/envelope.ts";
import type { Guesses } from "./guesses.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import type { Random } from "./random.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { createProcess, type SimulatedProcess } from "./simulated-process.ts";
import type { MemoryObjects } from "./simulated-storage.ts";
import type { FaultName, Weather } from "./weather.ts";
import type { World } from "./world.ts";

/** Everything that one run consists of. */
export interface Universe {
  readonly world: World;
  readonly random: Random;
  readonly weather: Weather;
  readonly primary: SimulatedCluster;
  readonly backup: SimulatedCluster;
  readonly queue: MemoryQueue;
  readonly deadLetters: MemoryQueue;
  readonly objects: MemoryObjects;
  readonly envelope: EnvelopeSettings;
  readonly retryMsMax: number;
  /** F11: machines' clocks are up to ten minutes wrong. */
  readonly clocksDiffer: boolean;
  readonly trace: (line: string) => void;
  /** Something that must never happen happened. */
  readonly violation: (what: string) => void;
  readonly guesses: Guesses;
  /** The awaits at which a process died, by role. */
  readonly deaths: Map<string, number>;
}

export const intentPrefix = "intents/";

const skewMsMax = 600_000;

/**
 * Awaits of whoever makes, levels or replaces an index: few in a run, and each is a moment in which another one may
 * change what was read just now.
 */
const definitionRead =
  /^(primary|backup) (GET \/[^/]+$|(PUT|DELETE) \/[^/]+$|\w+ .*\/?_(alias(es)?|open|close)\b)/;

/** A process of the universe, with a clock that may be wrong and a life that may be short. */
export function startProcess(
  universe: Universe,
  role: "writer" | "consumer" | "sweeper",
  onDeath: () => void,
): SimulatedProcess {
  const { world, random, weather, trace, deaths } = universe;
  const killed: FaultName =
    role === "writer" ? "writerKilled" : role === "consumer" ? "consumerKilled" : "sweeperKilled";
  return createProcess({
    name: role,
    world,
    random,
    skewMs: universe.clocksDiffer && random.chance(0.5) ? random.whole(-skewMsMax, skewMsMax) : 0,
    fate: (what) => {
      const times = definitionRead.test(what) ? 4 : 1;
      if (weather.strikes(killed, times)) return "dies";
      if (role === "consumer" && weather.strikes("consumerFrozen", times)) {
        return { frozenMs: random.pick([1500, 5000, 70_000, 800_000]) };
      }
      return { frozenMs: 0 };
    },
    onDeath: (what) => {
      const kind = `${role}: ${what.replace(/\/[^_ /][^/]*/g, "/…")}`;
      deaths.set(kind, (deaths.get(kind) ?? 0) + 1);
      trace(`${world.now()} ${role} dies at ${what}`);
      onDeath();
    },
  });
}

/** Whether an error is one that the model made: any other is a defect. */
export function isModelError(error: unknown): boolean {
  return error instanceof Error && /the model's|could not be swept now/.test(error.message);
}
