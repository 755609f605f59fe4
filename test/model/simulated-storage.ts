import type { ObjectStore } from "../../functions/core/payload/port.ts";
import type { Queue } from "../../functions/core/queue/port.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import type { Effect, Plan, SimulatedProcess } from "./simulated-process.ts";
import type { FaultName, Weather } from "./weather.ts";
import type { World } from "./world.ts";

/** Objects in memory, in the order of their keys' times. */
export interface MemoryObjects {
  readonly objects: Map<
    string,
    { readonly body: Buffer; readonly modifiedMs: number; readonly time: string; readonly order: number }
  >;
  portFor(process: SimulatedProcess): ObjectStore;
}

function planFor(weather: Weather, outcome: "works" | "refused" | "silent", what: string): Plan {
  const effectMs = weather.latencyMs();
  const error = outcome === "works" ? undefined : new Error(`the model's ${what} ${outcome}`);
  return {
    effectMs: outcome === "refused" ? undefined : effectMs,
    answerMs: effectMs + weather.latencyMs(),
    error,
  };
}

function outcomeOf(weather: Weather, refused: FaultName, silent?: FaultName): "works" | "refused" | "silent" {
  if (weather.strikes(refused)) return "refused";
  return silent !== undefined && weather.strikes(silent) ? "silent" : "works";
}

const done: Effect<void> = { value: undefined };

/** A key's part that orders it: the rest is random, and a model must not depend on it. */
const timeOf = (key: string) => key.replace(/-?[0-9a-f]{8}-[0-9a-f-]{27}$/, "");

export function createMemoryObjects(
  world: World,
  weather: Weather,
  onPut: (key: string) => void,
): MemoryObjects {
  const objects: MemoryObjects["objects"] = new Map();
  let order = 0;
  return {
    objects,
    portFor: (process) => ({
      put: (key, body) =>
        process.call(
          "objects put",
          planFor(weather, outcomeOf(weather, "objectPutRefused", "objectPutTimeout"), "put"),
          () => {
            objects.set(key, {
              body: Buffer.from(body),
              modifiedMs: world.now(),
              time: timeOf(key),
              order: order++,
            });
            onPut(key);
            return done;
          },
        ),
      get: (key) =>
        process.call("objects get", planFor(weather, outcomeOf(weather, "objectGetFails"), "get"), () => {
          if (key.startsWith("payloads/") && weather.strikes("objectGone")) objects.delete(key);
          const body = objects.get(key)?.body;
          if (body !== undefined && key.startsWith("payloads/") && weather.strikes("objectCorrupted")) {
            return { value: withAnotherDigit(body) };
          }
          return { value: body };
        }),
      remove: (key) =>
        process.call(
          "objects remove",
          planFor(weather, outcomeOf(weather, "objectRemoveFails"), "remove"),
          () => {
            objects.delete(key);
            return done;
          },
        ),
      list: (prefix, limit) =>
        process.call("objects list", planFor(weather, outcomeOf(weather, "objectGetFails"), "list"), () => {
          const found = [...objects]
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, { modifiedMs, time, order: at }]) => ({ key, modifiedMs, time, at }))
            .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.at - b.at));
          return { value: found.slice(0, limit).map(({ key, modifiedMs }) => ({ key, modifiedMs })) };
        }),
    }),
  };
}

/** A queue's port for one process. */
export function queueFor(process: SimulatedProcess, queue: MemoryQueue, weather: Weather): Queue {
  return {
    send(messages) {
      const partial = messages.length > 1 && weather.strikes("queueSendPartial");
      const outcome = partial ? "silent" : outcomeOf(weather, "queueSendRefused", "queueSendTimeout");
      const stored = partial ? messages.slice(0, 1) : messages;
      return process.call("queue send", planFor(weather, outcome, "send"), () => {
        for (const message of stored) queue.put(message);
        return done;
      });
    },
    hide: (receipt, seconds) =>
      process.call("queue hide", planFor(weather, outcomeOf(weather, "hideFails"), "hide"), () => {
        queue.hide(receipt, seconds);
        return done;
      }),
    depth: () => Promise.resolve({ visible: 0, inFlight: 0, delayed: 0 }),
  };
}

/** What the event source mapping does to handled messages. */
export function removeMessage(
  process: SimulatedProcess,
  queue: MemoryQueue,
  receipt: string,
  weather: Weather,
): Promise<void> {
  return process.call("queue delete", planFor(weather, outcomeOf(weather, "deleteFails"), "delete"), () => {
    queue.remove(receipt);
    return done;
  });
}

/** As long as before and as good JSON: only a checksum tells. */
function withAnotherDigit(body: Buffer): Buffer {
  const altered = Buffer.from(body);
  const at = altered.findLastIndex((byte) => byte >= 0x30 && byte <= 0x39);
  altered.writeUInt8(altered.readUInt8(Math.max(at, 0)) ^ 1, Math.max(at, 0));
  return altered;
}
