import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { jsonAs } from "../http/json-as.ts";
import type { ObjectStore } from "../payload/port.ts";
import { type DocumentKey, type Origin, originOf } from "../replication/record.ts";
import { type NamedDefinitionKind, namedDefinitionKinds } from "../routing/endpoint.ts";

/**
 * What a request may do on PRIMARY, and so what has to follow on BACKUP should nobody hear how it ended.
 * - `documents`: these may be written.
 * - `define`: the definitions of the indices in `pattern` may change, or those of another kind that `of` says.
 * - `reconcile`: any document of the indices in `pattern` may be written.
 */
export type IntentWork =
  | { readonly kind: "documents"; readonly keys: readonly DocumentKey[] }
  | { readonly kind: "define"; readonly pattern: string; readonly of?: NamedDefinitionKind | undefined }
  | { readonly kind: "reconcile"; readonly pattern: string };

/**
 * What is about to be written, durable before PRIMARY is asked: should this process die between PRIMARY's
 * answer and the queue, the sweep finds the intent and queues what follows from it.
 */
export interface Intent {
  /** Resolves when the intent is durable. */
  readonly durable: Promise<void>;
  /** The record is queued, or nothing was written: the intent can go. Failing to remove it is harmless. */
  withdraw(): void;
}

export interface Intents {
  declare(work: IntentWork, origin: Origin): Intent;
  /** Resolves when no removal is under way. */
  settled(): Promise<void>;
}

/** Whether an object under the intents' prefix is an intent: their names begin with the time. */
export function isIntent(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && /^\d/.test(key.slice(prefix.length));
}

/** Intents as objects under a prefix; their keys begin with the time, so that a listing is in order. */
export function createIntents(objects: ObjectStore, prefix: string, warn: (error: unknown) => void): Intents {
  const removals = new Set<Promise<void>>();
  return {
    declare(work, origin) {
      const name = `${prefix}${String(origin.writtenAtMs).padStart(15, "0")}-${randomUUID()}`;
      const durable = objects.put(name, intentBody(work, origin));
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

function intentBody(work: IntentWork, origin: Origin): string {
  const head = { schema: 1, ...originOf(origin) };
  switch (work.kind) {
    case "documents":
      return JSON.stringify({ ...head, documents: neighbours(work.keys) });
    // Without keys: a sweep that does not know these members leaves such an intent where it is.
    case "define":
      return JSON.stringify({ ...head, define: work.pattern, of: work.of });
    case "reconcile":
      return JSON.stringify({ ...head, reconcile: work.pattern });
  }
}

/** Ids in their order, under the index and the routing that they share with those before them. */
interface Neighbours {
  readonly index: string;
  readonly routing?: string | undefined;
  readonly ids: string[];
}

/** The keys of a bulk, mostly all of one index: a list of ids takes half the bytes and the CPU of a list of keys. */
function neighbours(keys: readonly DocumentKey[]): readonly Neighbours[] {
  const all: Neighbours[] = [];
  let last: Neighbours | undefined;
  for (const { index, id, routing } of keys) {
    if (last === undefined || last.index !== index || last.routing !== routing) {
      last = { index, routing, ids: [] };
      all.push(last);
    }
    last.ids.push(id);
  }
  return all;
}

const head = { schema: v.literal(1), writtenAtMs: v.number(), requestId: v.optional(v.string()) };
const documents = v.object({
  index: v.string(),
  routing: v.optional(v.string()),
  ids: v.array(v.string()),
});
/** As earlier releases wrote them. Strict: a plain tuple would take a key with a routing for one without, and drop it. */
const key = v.union([
  v.strictTuple([v.string(), v.string()]),
  v.strictTuple([v.string(), v.string(), v.string()]),
]);
const pattern = v.pipe(v.string(), v.nonEmpty());
const intentSchema = v.union([
  v.object({ ...head, documents: v.array(documents) }),
  v.object({ ...head, keys: v.array(key) }),
  v.object({ ...head, define: pattern, of: v.optional(v.picklist(namedDefinitionKinds)) }),
  v.object({ ...head, reconcile: pattern }),
]);

/** The work and the request in an intent's bytes; `undefined` when they are not an intent's. */
export function readIntent(body: Buffer): (Origin & { readonly work: IntentWork }) | undefined {
  const parsed = jsonAs(intentSchema, body);
  return parsed && { work: workOf(parsed), ...originOf(parsed) };
}

function workOf(parsed: v.InferOutput<typeof intentSchema>): IntentWork {
  if ("define" in parsed) {
    return { kind: "define", pattern: parsed.define, ...(parsed.of && { of: parsed.of }) };
  }
  if ("reconcile" in parsed) return { kind: "reconcile", pattern: parsed.reconcile };
  if ("documents" in parsed) {
    const keys = parsed.documents.flatMap(({ index, routing, ids }) =>
      ids.map((id) => ({ index, id, routing })),
    );
    return { kind: "documents", keys };
  }
  const keys = parsed.keys.map(([index, id, routing]) => ({ index, id, routing }));
  return { kind: "documents", keys };
}
