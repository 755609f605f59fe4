import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { isObject } from "./cluster/json.ts";
import type { MemoryCluster } from "./cluster/memory-cluster.ts";
import type { MemoryIndex } from "./cluster/memory-index.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/**
 * Which fields BACKUP had to guess: a document brought them while its consumer could not read PRIMARY's mapping.
 * Nothing else excuses a field that is not PRIMARY's, or a document that BACKUP refuses for one.
 */
export interface Guesses {
  /** The process begins a batch: it knows of no failure yet. */
  begin(process: SimulatedProcess): void;
  /** The process asked PRIMARY and got no answer of its own. */
  failed(process: SimulatedProcess, request: ClusterRequest): void;
  /** Whether the process writes without knowing PRIMARY's mapping. */
  isBlind(process: SimulatedProcess): boolean;
  /** Runs a blind process's request on BACKUP, and keeps the fields that it adds. */
  watch<T>(backup: MemoryCluster, execute: () => T): T;
  /** Whether BACKUP's index has guessed that field. */
  has(index: MemoryIndex | undefined, field: string): boolean;
}

export function createGuesses(): Guesses {
  const blind = new WeakSet<SimulatedProcess>();
  const guessed = new WeakMap<MemoryIndex, Set<string>>();
  return {
    begin: (process) => void blind.delete(process),
    failed(process, { path }) {
      if (path.startsWith("/_cluster/state")) blind.add(process);
    },
    isBlind: (process) => blind.has(process),
    watch(backup, execute) {
      const before = new Map([...backup.catalog.indices.values()].map((index) => [index, fieldsOf(index)]));
      const done = execute();
      for (const index of backup.catalog.indices.values()) {
        const known = before.get(index);
        const own = guessed.get(index) ?? new Set();
        for (const field of fieldsOf(index).keys()) if (known?.has(field) !== true) own.add(field);
        guessed.set(index, own);
      }
      return done;
    },
    has: (index, field) => index !== undefined && guessed.get(index)?.has(field) === true,
  };
}

/** The fields of an index's mapping, by name. */
export function fieldsOf({ mapping: { definition } }: MemoryIndex): ReadonlyMap<string, unknown> {
  const { properties } = definition;
  return new Map(isObject(properties) ? Object.entries(properties) : []);
}
