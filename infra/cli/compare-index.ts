import type { Cluster } from "../../functions/core/cluster/port.ts";
import type { DocumentKey } from "../../functions/core/replication/record.ts";
import { type PageEntry, pageSize, readPage } from "../../functions/core/truth/index-page.ts";
import { readStoredDocuments } from "../../functions/core/truth/stored-documents.ts";
import { isVersionOf, judgeDocument, type Rules, type Suspect } from "./judge-document.ts";

/** One index on both sides. */
export interface IndexPair {
  readonly index: string;
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly primaryShards: number;
  readonly backupShards: number;
  readonly rules: Rules;
  /** Compare sources where versions are equal, too. */
  readonly sources: boolean;
  /** Told of each page's length. */
  readonly onPage: (documents: number) => void;
}

/** What one look at a whole index found. */
export interface IndexLook {
  /** On PRIMARY; one that changed meanwhile may be counted twice. */
  readonly documents: number;
  readonly suspects: readonly Suspect[];
  /** There are more than `suspectsMax`: the list is cut, `counts` is complete. */
  readonly cut: boolean;
  readonly counts: Readonly<Record<Suspect["kind"], number>>;
}

/** So many are looked at one by one; above it the index is compared and repaired as a whole. */
export const suspectsMax = 10_000;

/** Keys of one comparison with sources: two answers of so many documents are in memory. */
const keysPerLook = 250;

/**
 * Compares all documents of an index: PRIMARY's shard by shard with what BACKUP holds for them, and BACKUP's
 * with what PRIMARY holds.
 * @throws ClusterError, ClusterAnswerError or CannotTell when a side cannot say.
 */
export async function compareIndex(pair: IndexPair): Promise<IndexLook> {
  const suspects: Suspect[] = [];
  const counts = { missing: 0, extra: 0, different: 0 };
  const note = (found: readonly Suspect[]) => {
    for (const suspect of found) {
      counts[suspect.kind]++;
      if (suspects.length < suspectsMax) suspects.push(suspect);
    }
  };
  const [documents] = await Promise.all([scanPrimary(pair, note), scanBackup(pair, note)]);
  const total = counts.missing + counts.extra + counts.different;
  return { documents, suspects, counts, cut: total > suspects.length };
}

type Note = (found: readonly Suspect[]) => void;

async function scanPrimary(pair: IndexPair, note: Note): Promise<number> {
  let documents = 0;
  for await (const page of pagesOf(pair.primary, pair.index, pair.primaryShards)) {
    documents += page.length;
    const keys = keysOf(pair.index, page);
    note(await lookAt(pair.sources ? keys : await unlevel(pair, page, keys), pair));
    pair.onPage(page.length);
  }
  return documents;
}

/** The keys of a page whose version on BACKUP is not the one of PRIMARY's operation. */
async function unlevel(
  { index, backup, rules }: IndexPair,
  page: readonly PageEntry[],
  keys: readonly DocumentKey[],
): Promise<readonly DocumentKey[]> {
  if (!rules.comparable) return keys;
  const held = await readStoredDocuments(backup, keys, { withSource: false });
  return keys.filter((key, i) => {
    const [entry, document] = [page[i], held[i]];
    if (entry === undefined || document?.kind !== "found") return true;
    return document.routing !== key.routing || !isVersionOf(index, rules.epoch, document.version, entry);
  });
}

async function scanBackup(pair: IndexPair, note: Note): Promise<void> {
  for await (const page of pagesOf(pair.backup, pair.index, pair.backupShards)) {
    const keys = keysOf(pair.index, page);
    const truth = await readStoredDocuments(pair.primary, keys, { withSource: false });
    const unknown = keys.filter((_, i) => truth[i]?.kind !== "found");
    note((await lookAt(unknown, pair)).filter(({ kind }) => kind === "extra"));
  }
}

/**
 * Reads documents from both sides and judges them: PRIMARY first, so that what replay brings in between
 * is not mistaken for a difference.
 * @throws as `compareIndex`
 */
export async function lookAt(
  keys: readonly DocumentKey[],
  { primary, backup, rules }: Pick<IndexPair, "primary" | "backup" | "rules">,
): Promise<readonly Suspect[]> {
  const suspects: Suspect[] = [];
  for (let from = 0; from < keys.length; from += keysPerLook) {
    const some = keys.slice(from, from + keysPerLook);
    const truth = await readStoredDocuments(primary, some, { withSource: true });
    const held = await readStoredDocuments(backup, some, { withSource: true });
    for (const [i, key] of some.entries()) {
      const suspect = judgeDocument(key, truth[i], held[i], rules);
      if (suspect !== undefined) suspects.push(suspect);
    }
  }
  return suspects;
}

async function* pagesOf(cluster: Cluster, index: string, shards: number) {
  for (let shard = 0; shard < shards; shard++) {
    for (let after: string | undefined = "-1"; after !== undefined; ) {
      const page: readonly PageEntry[] = await readPage(cluster, index, shard, after);
      if (page.length > 0) yield page;
      after = page.length < pageSize ? undefined : page.at(-1)?.seqNo;
    }
  }
}

function keysOf(index: string, page: readonly PageEntry[]): readonly DocumentKey[] {
  return page.map(({ id, routing }) => ({ index, id, routing }));
}
