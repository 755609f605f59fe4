import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { type Incarnation, incarnationAlias } from "../replication/incarnation.ts";
import type { ShardLayout } from "../replication/shard.ts";
import { segment } from "../routing/path.ts";
import { createIndex, supportedRelease } from "./define-index.ts";
import { type Deletion, deleteIncarnation } from "./delete-incarnation.ts";
import { holdsDocuments } from "./holds-documents.ts";
import { type IndexDefinition, type JsonObject, readDefinitions, readMark } from "./index-definition.ts";
import { levelAliases } from "./level-aliases.ts";
import { createAnalysisLevelling, type LevelAnalysis } from "./level-analysis.ts";
import type { PrimaryState } from "./primary-state.ts";
import { putMapping } from "./put-mapping.ts";
import { putUntilStill } from "./put-until-still.ts";
import { createRequest } from "./translate.ts";
import type { Untranslated } from "./translate-settings.ts";
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

/** An index that is about to be made on BACKUP. */
export interface Announcement {
  /** Another incarnation's goes for it. */
  readonly replaced: boolean;
  /** PRIMARY's began with another index's documents: a clone, a split or a shrunken one. */
  readonly resized: boolean;
  /** BACKUP has an index of that name which replication did not make, with documents of its own. */
  readonly adopted: boolean;
}
export type Announce = (announcement: Announcement) => Promise<void>;

/** Keeps BACKUP's indices standing for PRIMARY's present incarnations. */
export interface Incarnations {
  /**
   * @param state PRIMARY's present state of the index, `"gone"`, or `"unavailable"` when it cannot be asked.
   * @param announce called before BACKUP's index is made, replaced or adopted: what has to follow that must
   *   be durable first, because a process that dies in between finds the index ready the next time. Called
   *   again when one has been deleted.
   * @throws ClusterError or ClusterAnswerError when a cluster fails half-way; trying again is safe.
   */
  ensure(
    incarnation: Incarnation,
    state: PrimaryState | "gone" | "unavailable",
    announce?: Announce,
  ): Promise<Readiness>;
  /** BACKUP refused the incarnation's alias: what was known of it is wrong. */
  forget(uuid: string): void;
}

/** Incarnations of one BACKUP. What was ensured is remembered per process; BACKUP itself guards its truth. */
export function createIncarnations(
  primary: Cluster,
  backup: Cluster,
  untranslated: Pick<UntranslatedList, "replace">,
): Incarnations {
  const known = new Map<string, { mappingVersion: number | string; layout: ShardLayout }>();
  /** One establishing at a time for each incarnation: batches of one process must not race each other. */
  const underWay = new Map<string, Promise<Readiness>>();
  /** What BACKUP refuses is announced before the first attempt, not before each, and again when it is made at last. */
  const refused = new Set<string>();
  const levelAnalysis = createAnalysisLevelling(backup);

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
  async function remove(index: string, uuid: string, announce: Announce): Promise<Deletion> {
    const deletion = await deleteIncarnation(backup, index, uuid);
    if (deletion === "deleted") await announce({ replaced: true, resized: false, adopted: false });
    return deletion;
  }

  async function adoptPresent(source: IndexDefinition, present: IndexDefinition, state: PrimaryState) {
    const { index, uuid } = state.incarnation;
    let seen = source;
    await putUntilStill(
      rootOf(source),
      async () => {
        untranslated.replace(index, await adopt({ backup, levelAnalysis }, seen, present, state));
        return true;
      },
      async () => {
        const now = (await readDefinitions(primary, index)).get(index);
        if (now?.settings["index.uuid"] === uuid) seen = now;
        return rootOf(seen);
      },
    );
  }

  /** Announces what is about to be made: what a refused one queued may be long done when it is made at last. */
  async function announced<T extends Readiness>(
    uuid: string,
    announce: () => Promise<void>,
    make: () => Promise<T>,
  ): Promise<T> {
    if (!refused.has(uuid)) await announce();
    try {
      const readiness = await make();
      if (readiness.kind === "created" && refused.delete(uuid)) await announce();
      return readiness;
    } catch (error) {
      if (error instanceof ClusterAnswerError) refused.add(uuid);
      throw error;
    }
  }

  async function establish(state: PrimaryState, announce: Announce): Promise<Readiness> {
    const { incarnation, layout } = state;
    const { index, uuid } = incarnation;
    // BACKUP first: if PRIMARY still has this incarnation after that, any other mark is an older one's.
    const present = (await readDefinitions(backup, index)).get(index);
    const mark = present && readMark(present);
    const source = (await readDefinitions(primary, index)).get(index);
    if (source?.settings["index.uuid"] !== uuid) return { kind: "dead" };
    if (present !== undefined && mark?.uuid === uuid) {
      refused.delete(uuid);
      await adoptPresent(source, present, state);
      await levelOwnAliases(index, source, present);
      return { kind: "ready", layout };
    }
    const adopted = present !== undefined && mark === undefined;
    const announcement: Announcement = {
      replaced: mark !== undefined,
      resized: "index.resize.source.name" in source.settings,
      adopted: adopted && (await holdsDocuments(backup, index)),
    };
    const readiness = await announced(
      uuid,
      () => announce(announcement),
      async () => {
        if (!adopted) return replace(source, state, mark?.uuid, announce);
        await adoptPresent(source, present, state);
        return { kind: "created", layout, replaced: false };
      },
    );
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
    announce: Announce,
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
    announce: Announce = () => Promise.resolve(),
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
    const establishing = establish(state, announce).finally(() => underWay.delete(incarnation.uuid));
    underWay.set(incarnation.uuid, establishing);
    const readiness = await establishing;
    if (readiness.kind === "ready" || readiness.kind === "created") {
      known.set(incarnation.uuid, { mappingVersion: state.mappingVersion, layout: readiness.layout });
    }
    return readiness;
  }

  return {
    ensure,
    forget: (uuid) => void known.delete(uuid),
  };
}

/** Numbers grow; fingerprints (Elasticsearch 6) are the same or not. */
function covers(known: number | string, needed: number | string): boolean {
  return typeof known === "number" && typeof needed === "number" ? known >= needed : known === needed;
}

/** BACKUP's index gets PRIMARY's analysis and mapping, the mark and the incarnation's alias. */
async function adopt(
  { backup, levelAnalysis }: { readonly backup: Cluster; readonly levelAnalysis: LevelAnalysis },
  source: IndexDefinition,
  present: IndexDefinition,
  { incarnation, layout }: PrimaryState,
): Promise<readonly Untranslated[]> {
  const { index, uuid } = incarnation;
  const target = await supportedRelease(backup);
  const alias = incarnationAlias(uuid);
  // The alias first: without it no record can be applied; with it the mapping can still be repaired.
  if (present.aliases[alias] === undefined) {
    await ask(backup, { method: "PUT", path: `/${segment(index)}/_alias/${segment(alias)}` });
  }
  const refused = await levelAnalysis({ index, source, present }, target);
  const { mappings, untranslated } = createRequest(source, incarnation, layout, target);
  // BACKUP's was made piece by piece, and whoever did it may have died before this was put back.
  const dynamic = "dynamic" in present.mappings && { dynamic: true };
  const lost = await putMapping(backup, index, { ...dynamic, ...mappings }, target);
  return [...untranslated, ...refused, ...lost];
}

/** What a mapping can change back and forth: fields only come. */
function rootOf({ mappings: { properties: _fields, ...root } }: IndexDefinition): JsonObject {
  return root;
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
