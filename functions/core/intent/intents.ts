import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { ObjectStore } from "../payload/port.ts";
import type { DocumentKey } from "../replication/record.ts";

/**
 * What is about to be written, durable before PRIMARY is asked: should this process die between PRIMARY's
 * answer and the queue, the sweep finds the intent and has its documents reconciled.
 */
export interface Intent {
  /** Resolves when the intent is durable. */
  readonly durable: Promise<void>;
  /** The record is queued, or nothing was written: the intent can go. Failing to remove it is harmless. */
  withdraw(): void;
}

export interface Intents {
  declare(keys: readonly DocumentKey[], writtenAtMs: number): Intent;
  /** Resolves when no removal is under way. */
  settled(): Promise<void>;
}

/** Intents as objects under a prefix; their keys begin with the time, so that a listing is in order. */
export function createIntents(objects: ObjectStore, prefix: string, warn: (error: unknown) => void): Intents {
  const removals = new Set<Promise<void>>();
  return {
    declare(keys, writtenAtMs) {
      const name = `${prefix}${String(writtenAtMs).padStart(15, "0")}-${randomUUID()}`;
      const durable = objects.put(name, intentBody(keys, writtenAtMs));
      durable.catch(() => undefined);
      return {
        durable,
        withdraw() {
          const removal: Promise<void> = durable
            .then(
              () => objects.remove(name),
              () => undefined,
            )
            .catch(warn)
            .finally(() => removals.delete(removal));
          removals.add(removal);
        },
      };
    },
    async settled() {
      await Promise.all(removals);
    },
  };
}

/** No intents: a crash between PRIMARY and the queue loses what PRIMARY accepted. */
export const noIntents: Intents = {
  declare: () => ({ durable: Promise.resolve(), withdraw: () => undefined }),
  settled: () => Promise.resolve(),
};

function intentBody(keys: readonly DocumentKey[], writtenAtMs: number): string {
  const listed = keys.map(({ index, id, routing }) =>
    routing === undefined ? [index, id] : [index, id, routing],
  );
  return JSON.stringify({ schema: 1, writtenAtMs, keys: listed });
}

const intentSchema = v.object({
  schema: v.literal(1),
  writtenAtMs: v.number(),
  keys: v.array(v.union([v.tuple([v.string(), v.string()]), v.tuple([v.string(), v.string(), v.string()])])),
});

/** The keys and the time in an intent's bytes; `undefined` when they are not an intent's. */
export function readIntent(
  body: Buffer,
): { readonly keys: readonly DocumentKey[]; readonly writtenAtMs: number } | undefined {
  try {
    const parsed = v.parse(intentSchema, JSON.parse(body.toString("utf8")));
    const keys = parsed.keys.map(([index, id, routing]) => ({ index, id, routing }));
    return { keys, writtenAtMs: parsed.writtenAtMs };
  } catch {
    return undefined;
  }
}
