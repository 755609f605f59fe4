import { createHash } from "node:crypto";
import * as v from "valibot";
import { ask, ClusterAnswerError, readJson } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";
import { hasTypes, typelessQuery } from "../cluster/release.ts";
import { isNewer } from "../replication/version.ts";
import { dropOldMonths } from "./drop-old-months.ts";
import { createIsQuiet } from "./quiet-index.ts";

/**
 * Deletions that BACKUP's shards forget (docs/cluster-semantics.md, section 3): one small document for each, in a
 * side index per month. A deletion writes its tombstone first and deletes then; a late index is written
 * first and looks for tombstones then. In that order no interleaving of consumers resurrects a document.
 */
export interface Tombstones {
  /**
   * Makes the deletions' versions durable; returns when all are.
   * @throws ClusterError or ClusterAnswerError when any is not.
   */
  write(deletions: readonly { readonly key: string; readonly version: string }[]): Promise<void>;
  /**
   * The newest tombstone of each key that has one, among those written since `sinceMs`.
   * @throws ClusterError or ClusterAnswerError when BACKUP cannot say of any key.
   */
  find(keys: readonly string[], sinceMs: number): Promise<ReadonlyMap<string, string>>;
}

/** How far two machines' clocks may differ, in milliseconds, before a month is overlooked. */
const clockSkewMs = 15 * 60_000;

/** The key of a document in one incarnation; hashed, because ids may be as long as an id may be. */
export function tombstoneKey(uuid: string, shard: number, id: string): string {
  const plain = `${uuid}/${shard}/${id}`;
  return plain.length <= 128 ? plain : createHash("sha256").update(plain).digest("base64url");
}

/**
 * The key under which the horizon of a shard stands among the tombstones (see `readHorizons`); no document's
 * key has a single slash.
 */
export function horizonKey(uuid: string, shard: number): string {
  return `${uuid}/${shard}`;
}

/** The side index of a month, named after the month in UTC. */
export function tombstoneIndex(ms: number): string {
  return `understudy-tombstones-${new Date(ms).toISOString().slice(0, 7).replace("-", ".")}`;
}

/** The side indices that may hold a tombstone written between two moments. */
function monthsBetween(fromMs: number, toMs: number): readonly string[] {
  const weekMs = 7 * 24 * 3600_000;
  const names = new Set([tombstoneIndex(toMs)]);
  for (let at = Math.max(fromMs, toMs - 13 * weekMs); at < toMs; at += weekMs) names.add(tombstoneIndex(at));
  return [...names];
}

const bulkSchema = v.object({
  items: v.array(
    v.record(v.string(), v.object({ status: v.number(), error: v.optional(v.object({ type: v.string() })) })),
  ),
});
const mgetSchema = v.object({
  docs: v.optional(
    v.array(
      v.object({
        _source: v.optional(v.object({ key: v.string(), version: v.string() })),
        error: v.optional(v.object({ type: v.string() })),
      }),
    ),
    [],
  ),
});

/** What came of making a side index. */
type SideIndex = "made" | "there" | "refused";

async function createSideIndex(
  backup: Cluster,
  index: string,
  extra: { readonly hidden?: true },
): Promise<SideIndex> {
  const body = {
    settings: { index: { number_of_shards: 1, auto_expand_replicas: "0-1", ...extra } },
    mappings: { dynamic: false, properties: { version: { type: "keyword", index: false } } },
  };
  try {
    const query = typelessQuery(await backup.release());
    await ask(backup, { method: "PUT", path: `/${index}`, query, body });
    return "made";
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
    return error.type === "resource_already_exists_exception" ? "there" : "refused";
  }
}

export interface TombstoneOptions {
  /** From so many keys on, a look-up asks first whether there is anything to find. @default 64 */
  readonly askFirstFrom?: number;
}

/** The tombstones of one BACKUP. */
export function createTombstones(
  backup: Cluster,
  now: () => number,
  { askFirstFrom = 64 }: TombstoneOptions = {},
): Tombstones {
  const ensured = new Set<string>();
  const isQuiet = createIsQuiet(backup, now);

  async function ensureIndex(index: string): Promise<void> {
    if (ensured.has(index)) return;
    // Hidden, so that a search over all of BACKUP's indices does not meet it; 6.8 does not know the word.
    let made = await createSideIndex(backup, index, { hidden: true });
    if (made === "refused") made = await createSideIndex(backup, index, {});
    ensured.add(index);
    if (made === "made") await dropOldMonths(backup, index);
  }

  async function busyOf(months: readonly string[], sinceMs: number): Promise<readonly string[]> {
    const quiet = await Promise.all(months.map((month) => isQuiet(month, sinceMs)));
    return months.filter((_, i) => quiet[i] !== true);
  }

  return {
    async write(deletions) {
      const index = tombstoneIndex(now());
      await ensureIndex(index);
      const typed = hasTypes(await backup.release()) ? "&type=_doc" : "";
      const lines = deletions.map(
        ({ key, version }) =>
          `{"index":{"_id":${JSON.stringify(key)},"version":"${version}","version_type":"external"}}\n{"key":${JSON.stringify(key)},"version":"${version}"}\n`,
      );
      const answer = await ask(backup, {
        method: "POST",
        path: `/${index}/_bulk`,
        query: `filter_path=items.*.status,items.*.error.type${typed}`,
        body: Buffer.from(lines.join("")),
      });
      const { items } = readJson(backup, bulkSchema, answer);
      const failed = items
        .flatMap((item) => Object.values(item))
        .find(({ status }) => status >= 300 && status !== 409);
      if (items.length !== deletions.length || failed !== undefined) {
        ensured.delete(index);
        const reason = `a tombstone was not written: ${failed?.status} ${failed?.error?.type}`;
        throw new ClusterError("backup", "lost", reason);
      }
    },

    async find(keys, sinceMs) {
      await ensureIndex(tombstoneIndex(now()));
      const all = monthsBetween(sinceMs - clockSkewMs, now() + clockSkewMs);
      const months = keys.length < askFirstFrom ? all : await busyOf(all, sinceMs - clockSkewMs);
      if (months.length === 0) return new Map();
      const docs = months.flatMap((_index) => keys.map((_id) => ({ _index, _id })));
      const answer = await ask(backup, {
        method: "POST",
        path: "/_mget",
        // Nearly every key has none: those rows are left out of the answer altogether.
        query: "filter_path=docs._source,docs.error.type",
        body: { docs },
      });
      const found = new Map<string, string>();
      for (const { _source, error } of readJson(backup, mgetSchema, answer).docs) {
        if (error !== undefined && error.type !== "index_not_found_exception") {
          throw new ClusterError("backup", "lost", `a tombstone cannot be read: ${error.type}`);
        }
        if (_source === undefined) continue;
        const before = found.get(_source.key);
        if (before === undefined || isNewer(_source.version, before)) found.set(_source.key, _source.version);
      }
      return found;
    },
  };
}
