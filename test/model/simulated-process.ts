import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** When a call's effect happens and when its answer comes, in milliseconds from the call. */
export interface Plan {
  /** `undefined`: the effect never happens. It may come after the answer. */
  readonly effectMs: number | undefined;
  readonly answerMs: number;
  /** What the caller gets in place of the value. */
  readonly error: Error | undefined;
}

/** What an effect did: its value, and whether it is still there when its answer goes out. */
export interface Effect<T> {
  readonly value: T;
  /** An error takes the value's place. */
  readonly settle?: () => Error | undefined;
}

/**
 * A process that can die or freeze at each of its awaits. All that it does to the outside goes through
 * `call`, and a dead process's calls never return.
 */
export interface SimulatedProcess {
  readonly name: string;
  readonly alive: boolean;
  /** This machine's clock, which may be wrong. */
  readonly now: () => number;
  call<T>(what: string, plan: Plan, effect: () => Effect<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
  kill(where: string): void;
}

export interface ProcessOptions {
  readonly name: string;
  readonly world: World;
  readonly random: Random;
  readonly skewMs: number;
  /** Asked at each await: does the process die here, or stand still for a while? */
  readonly fate: (what: string) => "dies" | { readonly frozenMs: number };
  readonly onDeath: (what: string) => void;
}

export function createProcess(options: ProcessOptions): SimulatedProcess {
  const { name, world, random, skewMs, fate, onDeath } = options;
  let alive = true;
  let frozenUntilMs = 0;

  function kill(where: string): void {
    if (!alive) return;
    alive = false;
    onDeath(where);
  }

  /** Hands an answer to the process, unless this is where it dies. */
  function resume(what: string, go: () => void): void {
    if (!alive) return;
    if (world.now() < frozenUntilMs) {
      world.after(frozenUntilMs - world.now(), () => resume(what, go));
      return;
    }
    const drawn = fate(what);
    if (drawn === "dies") {
      kill(what);
      return;
    }
    if (drawn.frozenMs > 0) {
      frozenUntilMs = world.now() + drawn.frozenMs;
      world.after(drawn.frozenMs, () => alive && go());
      return;
    }
    go();
  }

  return {
    name,
    get alive() {
      return alive;
    },
    now: () => world.now() + skewMs,
    call<T>(what: string, plan: Plan, effect: () => Effect<T>) {
      return new Promise<T>((resolve, reject) => {
        let done: Effect<T> | undefined;
        const { effectMs, answerMs } = plan;
        if (effectMs !== undefined) {
          world.after(effectMs, () => {
            // The process died with the request half-way: it may have left the machine or not.
            if (!alive && random.chance(0.5)) return "quiet";
            const own = effect();
            done = own;
            if (effectMs >= answerMs) world.after(5, () => void own.settle?.());
            return "quiet";
          });
        }
        world.after(answerMs, () => {
          const own = done;
          const error = own?.settle?.() ?? plan.error;
          resume(what, () => {
            if (error !== undefined) reject(error);
            else if (own === undefined) reject(new Error(`${what}: the model planned no value`));
            else resolve(own.value);
          });
        });
      });
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        world.after(ms, () => resume("sleep", resolve));
      }),
    kill,
  };
}
