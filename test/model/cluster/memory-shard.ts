import type { Random } from "../random.ts";

/** What a shard holds for one id: a document, or the memory of its deletion. */
export interface Held {
  readonly id: string;
  readonly routing: string | undefined;
  readonly version: bigint;
  readonly seqNo: number;
  readonly term: number;
  /** `undefined`: deleted at `atMs`. */
  readonly source: string | undefined;
  readonly atMs: number;
}

/** What a write demands of the version that is there. */
export type Condition =
  | { readonly kind: "none" }
  | { readonly kind: "external" | "external_gte"; readonly version: bigint }
  | { readonly kind: "sequence"; readonly seqNo: number; readonly term: number }
  | { readonly kind: "absent" };

export type WriteResult =
  | { readonly kind: "conflict"; readonly reason: string }
  | {
      readonly kind: "done";
      readonly result: "created" | "updated" | "deleted" | "not_found";
      readonly held: Held;
    };

/** A write that the shard's other copy has, or does not have yet. */
interface Journaled {
  readonly before: Held | undefined;
  readonly after: Held;
  replicated: boolean;
}

/**
 * One shard with its one replica: versions, sequence numbers, deletions that are forgotten, and writes that
 * are lost when the primary fails over before the replica has them (docs/cluster-semantics.md, sections 2 to 4).
 */
export interface MemoryShard {
  readonly term: number;
  readonly maxSeqNo: number;
  /** Every write up to here is on both copies. */
  readonly globalCheckpoint: number;
  /** The document that is there now, realtime. */
  get(id: string): Held | undefined;
  documents(): readonly Held[];
  /** As of the last refresh, which is a second ago at most. */
  searchable(nowMs: number): readonly Held[];
  write(
    id: string,
    routing: string | undefined,
    source: string | undefined,
    condition: Condition,
    nowMs: number,
  ): WriteResult;
  /** The write numbered so has reached the replica. `false`: a fail-over lost it before. */
  replicate(seqNo: number, term: number): boolean;
  refresh(nowMs: number): void;
  /** A flush at shutdown, a relocation, close and open: the memory of deletions is gone. */
  forgetDeletions(): void;
  /** The replica takes over: writes that it does not have are gone, and their numbers are given out again. */
  failOver(random: Random): void;
}

/** `index.refresh_interval`, as it is without being set. */
const refreshMs = 1000;

export function createShard(gcDeletesMs: () => number): MemoryShard {
  let term = 1;
  let maxSeqNo = -1;
  const held = new Map<string, Held>();
  let searchable: readonly Held[] = [];
  let refreshedMs = 0;
  let journal: Journaled[] = [];

  function current(id: string, nowMs: number): Held | undefined {
    const found = held.get(id);
    if (found === undefined || found.source !== undefined || nowMs - found.atMs <= gcDeletesMs())
      return found;
    // Forgotten only once every copy has it, as the engine prunes below its checkpoint.
    if (found.seqNo > checkpoint()) return found;
    held.delete(id);
    return undefined;
  }

  function checkpoint(): number {
    const waiting = journal.find(({ replicated }) => !replicated);
    return waiting === undefined ? maxSeqNo : waiting.after.seqNo - 1;
  }

  function refresh(nowMs: number): void {
    refreshedMs = nowMs;
    searchable = [...held.values()].filter(({ source }) => source !== undefined);
  }

  function restore(id: string, state: Held | undefined): void {
    if (state === undefined) held.delete(id);
    else held.set(id, state);
  }

  return {
    get term() {
      return term;
    },
    get maxSeqNo() {
      return maxSeqNo;
    },
    get globalCheckpoint() {
      return checkpoint();
    },
    get(id) {
      const found = held.get(id);
      return found?.source === undefined ? undefined : found;
    },
    documents: () => [...held.values()].filter(({ source }) => source !== undefined),
    searchable(nowMs) {
      if (nowMs - refreshedMs >= refreshMs) refresh(nowMs);
      return searchable;
    },
    write(id, routing, source, condition, nowMs) {
      const before = current(id, nowMs);
      const conflict = conflictOf(id, before, condition);
      if (conflict !== undefined) return { kind: "conflict", reason: conflict };
      maxSeqNo += 1;
      const external = condition.kind === "external" || condition.kind === "external_gte";
      const version = external ? condition.version : (before?.version ?? 0n) + 1n;
      const after: Held = { id, routing, version, seqNo: maxSeqNo, term, source, atMs: nowMs };
      held.set(id, after);
      journal.push({ before, after, replicated: false });
      const existed = before?.source !== undefined;
      const result =
        source === undefined ? (existed ? "deleted" : "not_found") : existed ? "updated" : "created";
      return { kind: "done", result, held: after };
    },
    replicate(seqNo, atTerm) {
      const entry = journal.find(({ after }) => after.seqNo === seqNo && after.term === atTerm);
      // A journal that was cut below it, or a later term: the other copy had it, or it is gone.
      if (entry === undefined) return atTerm === term;
      entry.replicated = true;
      while (journal[0]?.replicated === true) journal.shift();
      return true;
    },
    refresh,
    forgetDeletions() {
      for (const [id, { source, seqNo }] of held)
        if (source === undefined && seqNo <= checkpoint()) held.delete(id);
    },
    failOver(random) {
      const kept = journal.filter((entry) => entry.replicated || random.chance(0.5));
      const first = journal[0]?.after.seqNo;
      const states = new Map<string, Held | undefined>();
      for (const { before, after } of journal) if (!states.has(after.id)) states.set(after.id, before);
      for (const { after } of kept) states.set(after.id, after);
      for (const [id, state] of states) restore(id, state);
      if (first !== undefined) maxSeqNo = Math.max(first - 1, ...kept.map(({ after }) => after.seqNo));
      journal = [];
      term += 1;
      searchable = [...held.values()].filter(({ source }) => source !== undefined);
    },
  };
}

function conflictOf(id: string, before: Held | undefined, condition: Condition): string | undefined {
  switch (condition.kind) {
    case "none":
      return undefined;
    case "absent":
      return before?.source === undefined
        ? undefined
        : `[${id}]: version conflict, document already exists (current version [${before.version}])`;
    case "sequence":
      return before !== undefined && before.seqNo === condition.seqNo && before.term === condition.term
        ? undefined
        : `[${id}]: version conflict, required seqNo [${condition.seqNo}], primary term [${condition.term}]`;
    case "external":
      return before !== undefined && before.version >= condition.version
        ? `[${id}]: version conflict, current version [${before.version}] is higher or equal to the one provided [${condition.version}]`
        : undefined;
    case "external_gte":
      return before !== undefined && before.version > condition.version
        ? `[${id}]: version conflict, current version [${before.version}] is higher than the one provided [${condition.version}]`
        : undefined;
  }
}
