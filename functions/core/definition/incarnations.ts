import { ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import type { Incarnation } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";
import { createAdoption } from "./adopt-index.ts";
import { type Announce, type Announcement, createAnnouncements } from "./announcements.ts";
import { createIndex } from "./define-index.ts";
import { type Deletion, deleteIncarnation } from "./delete-incarnation.ts";
import { holdsDocuments } from "./holds-documents.ts";
import { type IndexDefinition, readDefinitions, readMark } from "./index-definition.ts";
import { levelAliases } from "./level-aliases.ts";
import type { PrimaryState } from "./primary-state.ts";
import type { UntranslatedList } from "./untranslated.ts";

/**
 * Whether records of an incarnation can be applied.
 * - `ready`: BACKUP's index stands for it, with PRIMARY's mapping.
 * - `created`: the same, and BACKUP's index was made or replaced just now.
 * - `dead`: PRIMARY's index of that name is another one, or gone.
 * - `unknown`: PRIMARY has to be asked and cannot be.
 */
export type Readiness =
  | { readonly kind: "ready"; readonly layout: ShardLayout }
  | { readonly kind: "created"; readonly layout: ShardLayout; readonly replaced: boolean }
  | { readonly kind: "dead" }
  | { readonly kind: "unknown"; readonly reason: string };

/** Keeps BACKUP's indices standing for PRIMARY's present incarnations. */
export interface Incarnations {
  /**
   * @param state PRIMARY's present state of the index, `"gone"`, or `"unavailable"` when it cannot be asked.
   * @param announce called before BACKUP's index is made, replaced or adopted: what has to follow that must
   *   be durable first, because a process that dies in between finds the index ready the next time. Called
   *   again when one has been deleted. Left out by what would follow, at its beginning.
   * @throws ClusterError or ClusterAnswerError when a cluster fails half-way; trying again is safe.
   */
  ensure(
    incarnation: Incarnation,
    state: PrimaryState | "gone" | "unavailable",
    announce?: Announce,
  ): Promise<Readiness>;
  /** BACKUP refused the incarnation's alias: what was known of it is wrong. */
  forget(uuid: string): void;
  /** BACKUP may have been mended at that time: what was made ready of this index before is made so again. */
  renew(index: string, beforeMs: number): void;
}

/** What was made ready. */
interface Known {
  readonly index: string;
  readonly mappingVersion: number | string;
  readonly layout: ShardLayout;
  /** When it began. */
  readonly atMs: number;
}

/** Incarnations of one BACKUP. What was ensured is remembered per process; BACKUP itself guards its truth. */
export function createIncarnations(
  primary: Cluster,
  backup: Cluster,
  untranslated: Pick<UntranslatedList, "replace">,
  now: () => number = Date.now,
): Incarnations {
  const known = new Map<string, Known>();
  /** One establishing at a time for each incarnation: batches of one process must not race each other. */
  const underWay = new Map<string, Promise<Readiness>>();
  const announcements = createAnnouncements();
  const adopt = createAdoption(primary, backup, untranslated);

  async function withoutPrimary(incarnation: Incarnation): Promise<Readiness> {
    const remembered = known.get(incarnation.uuid);
    if (remembered !== undefined) return { kind: "ready", layout: remembered.layout };
    const definition = (await readDefinitions(backup, incarnation.index)).get(incarnation.index);
    const mark = definition && readMark(definition);
    if (mark?.uuid === incarnation.uuid) return { kind: "ready", layout: mark };
    return {
      kind: "unknown",
      reason: `PRIMARY has to say which incarnation of [${incarnation.index}] lives`,
    };
  }

  /** Announced once more after it: what a slow consumer deletes may be what a faster one has made anew. */
  async function remove(index: string, uuid: string, announce?: Announce): Promise<Deletion> {
    const deletion = await deleteIncarnation(backup, index, uuid);
    if (deletion === "deleted") await announce?.({ replaced: true, resized: false, adopted: false });
    return deletion;
  }

  async function establish(state: PrimaryState, announce?: Announce): Promise<Readiness> {
    const { incarnation, layout } = state;
    const { index, uuid } = incarnation;
    // BACKUP first: if PRIMARY still has this incarnation after that, any other mark is an older one's.
    const present = (await readDefinitions(backup, index)).get(index);
    const mark = present && readMark(present);
    const source = (await readDefinitions(primary, index)).get(index);
    if (source?.settings["index.uuid"] !== uuid) return { kind: "dead" };
    if (present !== undefined && mark?.uuid === uuid) {
      if (announce !== undefined) await announcements.made(uuid, announce);
      await adopt(source, present, state);
      await levelOwnAliases(index, source, present);
      return { kind: "ready", layout };
    }
    const adopted = present !== undefined && mark === undefined;
    const announcement: Announcement = {
      replaced: mark !== undefined,
      resized: "index.resize.source.name" in source.settings,
      adopted: adopted && (await holdsDocuments(backup, index)),
    };
    const make = async (): Promise<Readiness> => {
      if (!adopted) return replace(source, state, mark?.uuid, announce);
      await adopt(source, present, state);
      return { kind: "created", layout, replaced: false };
    };
    const readiness =
      announce === undefined ? await make() : await announcements.around(uuid, announcement, announce, make);
    if (readiness.kind !== "created") return readiness;
    await levelOwnAliases(index, source, present);
    if (adopted) return readiness;
    // Deleted on PRIMARY meanwhile: the record that deletes it on BACKUP may have found nothing there.
    const still = (await readDefinitions(primary, index)).get(index);
    if (still?.settings["index.uuid"] === uuid) return readiness;
    await remove(index, uuid, announce);
    return { kind: "dead" };
  }

  /** Another incarnation's index goes first: its records are dead, and so is what BACKUP holds of it. */
  async function replace(
    source: IndexDefinition,
    state: PrimaryState,
    old: string | undefined,
    announce?: Announce,
  ): Promise<Readiness> {
    const { index } = state.incarnation;
    if (old !== undefined && (await remove(index, old, announce)) === "kept") {
      return { kind: "unknown", reason: `[${index}] is being replaced by another consumer` };
    }
    return createOnBackup({ backup, untranslated }, source, state, old !== undefined);
  }

  async function levelOwnAliases(
    index: string,
    source: IndexDefinition,
    present: IndexDefinition | undefined,
  ): Promise<void> {
    if (!hasAliases(source) && (present === undefined || !hasAliases(present))) return;
    await levelAliases(primary, backup, [index]).catch(refusalOnly);
  }

  async function ensure(
    incarnation: Incarnation,
    state: PrimaryState | "gone" | "unavailable",
    announce?: Announce,
  ): Promise<Readiness> {
    if (state === "unavailable") return withoutPrimary(incarnation);
    if (state === "gone") {
      // Whoever deleted it on BACKUP may have come before it was made there.
      await remove(incarnation.index, incarnation.uuid, announce);
      return { kind: "dead" };
    }
    if (state.incarnation.uuid !== incarnation.uuid) return { kind: "dead" };
    const remembered = known.get(incarnation.uuid);
    if (remembered !== undefined && covers(remembered.mappingVersion, state.mappingVersion)) {
      return { kind: "ready", layout: remembered.layout };
    }
    const before = underWay.get(incarnation.uuid);
    if (before !== undefined) {
      await before;
      return ensure(incarnation, state, announce);
    }
    const atMs = now();
    const establishing = establish(state, announce).finally(() => underWay.delete(incarnation.uuid));
    underWay.set(incarnation.uuid, establishing);
    const readiness = await establishing;
    if (readiness.kind === "ready" || readiness.kind === "created") {
      const { mappingVersion } = state;
      known.set(incarnation.uuid, {
        index: incarnation.index,
        mappingVersion,
        layout: readiness.layout,
        atMs,
      });
    }
    return readiness;
  }

  return {
    ensure,
    forget: (uuid) => void known.delete(uuid),
    renew(index, beforeMs) {
      for (const [uuid, each] of known) if (each.index === index && each.atMs < beforeMs) known.delete(uuid);
    },
  };
}

/** Numbers grow; fingerprints (Elasticsearch 6) are the same or not. */
function covers(known: number | string, needed: number | string): boolean {
  return typeof known === "number" && typeof needed === "number" ? known >= needed : known === needed;
}

interface Target {
  readonly backup: Cluster;
  readonly untranslated: Pick<UntranslatedList, "replace">;
}

async function createOnBackup(
  { backup, untranslated }: Target,
  source: IndexDefinition,
  state: PrimaryState,
  replaced: boolean,
): Promise<Readiness> {
  const { incarnation, layout } = state;
  try {
    untranslated.replace(incarnation.index, await createIndex(backup, source, state));
  } catch (error) {
    if (error instanceof ClusterAnswerError && error.type === "resource_already_exists_exception") {
      return { kind: "unknown", reason: `[${incarnation.index}] is being created by another consumer` };
    }
    throw error;
  }
  return { kind: "created", layout, replaced };
}

function hasAliases({ aliases }: IndexDefinition): boolean {
  return Object.keys(aliases).some((alias) => !alias.startsWith("understudy-"));
}

/** An alias that BACKUP refuses for good must not hold up documents: a later change of definitions levels it. */
function refusalOnly(error: unknown): void {
  const refused = error instanceof ClusterAnswerError && error.status < 500 && error.status !== 429;
  const conflict = error instanceof ClusterAnswerError && error.type === "illegal_state_exception";
  if (!refused && !conflict) throw error;
}
