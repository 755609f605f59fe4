import type { ObjectStore } from "../../functions/core/payload/port.ts";

export interface FakeObjectStore extends ObjectStore {
  readonly objects: Map<string, { readonly body: Buffer; readonly modifiedMs: number }>;
  /** From now on `put` and `remove` fail; `undefined` ends it. */
  failWith(error: Error | undefined): void;
  /** The time of what is put from now on. */
  at(ms: number): void;
}

/** Objects in memory. */
export function fakeObjectStore(): FakeObjectStore {
  const objects = new Map<string, { body: Buffer; modifiedMs: number }>();
  let failure: Error | undefined;
  let nowMs = 0;
  return {
    objects,
    failWith(error) {
      failure = error;
    },
    at(ms) {
      nowMs = ms;
    },
    async put(key, body) {
      if (failure !== undefined) throw failure;
      objects.set(key, { body: Buffer.from(body), modifiedMs: nowMs });
    },
    get: async (key) => objects.get(key)?.body,
    async remove(key) {
      if (failure !== undefined) throw failure;
      objects.delete(key);
    },
    async list(prefix, limit) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys
        .slice(0, limit)
        .map((key) => ({ key, modifiedMs: objects.get(key)?.modifiedMs ?? Number.NaN }));
    },
  };
}
