import type { Random } from "./random.ts";

/** Everything that can go wrong at a call, with the numbers that reliability.md gives it. */
export const faultNames = [
  "primaryRefused", // F1
  "primaryTimeoutAfter", // F2
  "primaryCut", // F3
  "primaryBusy", // F4
  "primaryItemRefused", // F4
  "primaryProxyError", // F2
  "primaryGarbage", // F3
  "writerKilled", // F5
  "queueSendRefused", // F6
  "queueSendTimeout", // F6
  "queueSendPartial", // F7
  "objectPutRefused", // F8
  "objectPutTimeout", // F8
  "objectGetFails", // F9
  "objectGone", // F9
  "objectCorrupted", // F9
  "objectRemoveFails",
  "consumerKilled", // F13
  "consumerFrozen", // F14
  "duplicateDelivery", // F14
  "deleteFails", // F13
  "hideFails",
  "backupBusy", // F15
  "backupItemRefused", // F15
  "backupUnavailable", // F16
  "backupCut", // F16
  "backupTimeoutAfter", // F16
  "backupTooLarge", // F18
  "backupForbidden", // F20
  "primaryForbidden", // F20
  "sweeperKilled",
  "slowCalls",
] as const;
export type FaultName = (typeof faultNames)[number];

/** Faults of calls that are few in a run. */
const seldomAsked: ReadonlySet<FaultName> = new Set([
  "objectGone",
  "objectCorrupted",
  "backupTooLarge",
  "backupItemRefused",
]);

/** What a seed's run has to stand: which faults there are, and how often. */
export interface Weather {
  /** Draws whether the fault happens now, so many times as often as usual. Never again once the weather is calm. */
  strikes(fault: FaultName, times?: number): boolean;
  /** How long one leg of a call takes. */
  latencyMs(): number;
  /** From now on nothing fails. */
  calm(): void;
  readonly isCalm: boolean;
  readonly struck: ReadonlyMap<FaultName, number>;
}

/**
 * Each seed has its own few faults (swarm testing: a run in which everything fails all the time gets
 * nowhere, and hides what needs a long quiet stretch in between).
 */
export function createWeather(random: Random): Weather {
  const rates = new Map<FaultName, number>();
  const share = random.pick([0.15, 0.4, 0.7]);
  for (const name of faultNames) {
    const rate = random.pick([0.01, 0.03, 0.1]);
    rates.set(name, random.chance(share) ? rate * (seldomAsked.has(name) ? 4 : 1) : 0);
  }
  const struck = new Map<FaultName, number>();
  let calm = false;
  return {
    strikes(fault, times = 1) {
      const rate = (rates.get(fault) ?? 0) * times;
      if (calm || rate === 0 || !random.chance(rate)) return false;
      struck.set(fault, (struck.get(fault) ?? 0) + 1);
      return true;
    },
    latencyMs() {
      const kind = random.next();
      if (!calm && kind < (rates.get("slowCalls") ?? 0) / 4) return random.whole(2000, 20_000);
      return kind > 0.94 && !calm ? random.whole(50, 1500) : random.whole(1, 15);
    },
    calm() {
      calm = true;
    },
    get isCalm() {
      return calm;
    },
    struck,
  };
}
