import * as v from "valibot";
import { parseAnswer, request } from "./rest.ts";

const Page = v.object({
  _scroll_id: v.string(),
  hits: v.object({ hits: v.array(v.object({ _id: v.string(), _source: v.unknown() })) }),
});
const Count = v.object({ count: v.number() });

const PAGE_DOCUMENTS = 2_000;

/** Ids, by what is wrong with them. All three are empty where both clusters hold the same. */
export interface Comparison {
  /** As each cluster counts them itself. */
  readonly counts: { readonly primary: number; readonly backup: number };
  /** Read from both and found the same. */
  readonly same: number;
  readonly missingOnBackup: readonly string[];
  readonly onlyOnBackup: readonly string[];
  readonly different: readonly string[];
}

/** Whether both clusters hold the same documents, by what was read and by what each of them counts. */
export function isEqual(comparison: Comparison): boolean {
  const { counts, same, missingOnBackup, onlyOnBackup, different } = comparison;
  const wrong = missingOnBackup.length + onlyOnBackup.length + different.length;
  return wrong === 0 && counts.primary === same && counts.backup === same;
}

/**
 * Reads every document of the index from both clusters, past the gateway, and compares ids and sources (fields in
 * their order; numbers as JavaScript reads them). Nothing may be writing meanwhile.
 */
export async function compareClusters(primary: string, backup: string, index: string): Promise<Comparison> {
  const counts = { primary: await count(primary, index), backup: await count(backup, index) };
  const truth = new Map<string, string>();
  for await (const { id, source } of everyDocument(primary, index)) truth.set(id, source);

  let same = 0;
  const onlyOnBackup: string[] = [];
  const different: string[] = [];
  for await (const { id, source } of everyDocument(backup, index)) {
    const expected = truth.get(id);
    truth.delete(id);
    if (expected === undefined) onlyOnBackup.push(id);
    else if (expected === source) same += 1;
    else different.push(id);
  }
  return { counts, same, missingOnBackup: [...truth.keys()], onlyOnBackup, different };
}

/** Refreshes first, so that every acknowledged write counts. */
async function count(endpoint: string, index: string): Promise<number> {
  await request("POST", `${endpoint}/${index}/_refresh`);
  return parseAnswer(Count, await request("GET", `${endpoint}/${index}/_count`)).count;
}

async function* everyDocument(
  endpoint: string,
  index: string,
): AsyncGenerator<{ id: string; source: string }> {
  const first = { size: PAGE_DOCUMENTS, sort: ["_doc"] };
  let page = parseAnswer(Page, await request("POST", `${endpoint}/${index}/_search?scroll=1m`, first));
  try {
    while (page.hits.hits.length > 0) {
      for (const hit of page.hits.hits) yield { id: hit._id, source: JSON.stringify(hit._source) };
      const next = { scroll: "1m", scroll_id: page._scroll_id };
      page = parseAnswer(Page, await request("POST", `${endpoint}/_search/scroll`, next));
    }
  } finally {
    await request("DELETE", `${endpoint}/_search/scroll`, { scroll_id: [page._scroll_id] });
  }
}
