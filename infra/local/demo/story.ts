import { isDeepStrictEqual } from "node:util";
import { DATASET, DATASET_MAPPING, type DatasetEntry } from "../../../test/support/dataset.ts";
import { title } from "../servers/catalogue.ts";
import type { Pair } from "../servers/pair.ts";
import { compareClusters, isEqual } from "./compare.ts";
import type { Gateway, GatewayStatus } from "./gateway.ts";
import { loadPlaces } from "./load.ts";
import { grouped, type Narrator } from "./narrator.ts";
import { request } from "./rest.ts";
import { type Finding, QUESTION, searchPlaces } from "./search.ts";

export interface Cast {
  readonly gateway: Gateway;
  readonly pair: Pair;
  readonly narrator: Narrator;
  /** What is loaded. */
  readonly places: readonly DatasetEntry[];
}

const INDEX = "cities";
const QUEUE_TIMEOUT_MS = 180_000;
const RETURN_TIMEOUT_MS = 60_000;
const REFUSED_ID = "written-while-primary-was-down";
const NEW_ID = "written-after-primary-came-back";

/** Tells it from the first document to the last comparison. What did not hold is in the narrator's `failures`. */
export async function tellStory(cast: Cast): Promise<void> {
  await load(cast);
  await proveEqual(cast, "Both clusters hold the same");
  const before = await loseThePrimary(cast);
  await searchWithoutPrimary(cast, before);
  await writeWithoutPrimary(cast);
  await returnOfThePrimary(cast);
  await proveEqual(cast, "Both clusters hold the same again");
  await proveTheLastWrites(cast);
}

async function load({ gateway, narrator, places }: Cast): Promise<void> {
  narrator.step(`Load ${grouped(places.length)} real documents through the gateway`);
  narrator.say(`${DATASET.name}: ${DATASET.source}; ${DATASET.licence}`);
  const created = await request("PUT", `${gateway.endpoint}/${INDEX}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: DATASET_MAPPING,
  });
  narrator.expect(created.status === 200, `the index "${INDEX}" is created: ${created.status}`);
  const progress = narrator.progress(places.length);
  const loaded = await loadPlaces(gateway.endpoint, INDEX, places, progress).finally(() => progress.end());
  const rate = Math.round(loaded.documents / loaded.seconds);
  const took = `${loaded.seconds.toFixed(1)} s, ${grouped(rate)} documents/s`;
  narrator.expect(
    loaded.documents === places.length,
    `${grouped(loaded.documents)} documents accepted (${took})`,
  );
}

async function proveEqual({ gateway, pair, narrator }: Cast, heading: string): Promise<void> {
  narrator.step(`${heading}: every document is read from both and compared`);
  const began = performance.now();
  const status = await gateway.until(isDrained, QUEUE_TIMEOUT_MS);
  narrator.say(`the queue is empty (after ${((performance.now() - began) / 1000).toFixed(1)} s)`);
  narrator.expect(status.deadLetters.visible === 0, `dead letters: ${status.deadLetters.visible}`);

  const found = await compareClusters(pair.primary.endpoint, pair.backup.endpoint, INDEX);
  narrator.say(`PRIMARY, ${title(pair.primary)}: ${grouped(found.counts.primary)} documents`);
  narrator.say(`BACKUP, ${title(pair.backup)}: ${grouped(found.counts.backup)} documents`);
  const wrong = `${found.missingOnBackup.length} missing, ${found.onlyOnBackup.length} too many, ${found.different.length} different`;
  narrator.expect(isEqual(found), `${grouped(found.same)} documents are the same; on BACKUP ${wrong}`);
  const examples = [...found.missingOnBackup, ...found.onlyOnBackup, ...found.different].slice(0, 5);
  if (examples.length > 0) narrator.say(`for example ${examples.join(", ")}`);
}

function isDrained({ queue, intents }: GatewayStatus): boolean {
  return queue.visible + queue.inFlight + queue.delayed + intents === 0;
}

async function loseThePrimary({ gateway, pair, narrator }: Cast): Promise<Finding> {
  narrator.step("PRIMARY dies");
  const before = await searchPlaces(gateway.endpoint, INDEX);
  narrator.say(`search before: ${QUESTION}`);
  narrator.expect(before.hits.length > 0 && before.servedBy === "PRIMARY", describe(before));
  await pair.primary.kill();
  narrator.say(`SIGKILL for process ${pair.primary.pid}, ${title(pair.primary)}`);
  return before;
}

async function searchWithoutPrimary({ gateway, narrator }: Cast, before: Finding): Promise<void> {
  narrator.step("The same search goes on");
  const now = await searchPlaces(gateway.endpoint, INDEX);
  narrator.expect(now.servedBy === "BACKUP", describe(now));
  for (const hit of now.hits) narrator.say(`  ${hit}`);
  const same = now.total === before.total && isDeepStrictEqual(now.hits, before.hits);
  narrator.expect(same, "these are the same hits as before, in the same order");
}

async function writeWithoutPrimary({ gateway, pair, narrator }: Cast): Promise<void> {
  narrator.step("A write is refused: nothing is promised that PRIMARY did not accept");
  const refused = await request("PUT", documentUrl(gateway.endpoint, REFUSED_ID), { name: "Nowhere" });
  narrator.expect(refused.status >= 500, `PUT /${INDEX}/_doc/${REFUSED_ID} answers ${refused.status}`);
  narrator.say(refused.text.trim().slice(0, 500));
  const onBackup = await request("GET", documentUrl(pair.backup.endpoint, REFUSED_ID));
  narrator.expect(onBackup.status === 404, `BACKUP does not have it either: ${onBackup.status}`);
}

async function returnOfThePrimary(cast: Cast): Promise<void> {
  const { gateway, pair, narrator } = cast;
  const place = firstPlace(cast);
  narrator.step("PRIMARY comes back");
  await pair.primary.restart();
  await gateway.until((status) => status.clusters.primary.state === "up", RETURN_TIMEOUT_MS);
  const search = await searchPlaces(gateway.endpoint, INDEX);
  narrator.expect(search.servedBy === "PRIMARY", describe(search));
  const written = await request("PUT", documentUrl(gateway.endpoint, NEW_ID), place.document);
  narrator.expect(written.status === 201, `PUT /${INDEX}/_doc/${NEW_ID} answers ${written.status}`);
  const deleted = await request("DELETE", documentUrl(gateway.endpoint, place.id));
  narrator.expect(deleted.status === 200, `DELETE /${INDEX}/_doc/${place.id} answers ${deleted.status}`);
}

async function proveTheLastWrites(cast: Cast): Promise<void> {
  const { pair, narrator } = cast;
  const expected: readonly (readonly [string, number])[] = [
    [NEW_ID, 200],
    [firstPlace(cast).id, 404],
    [REFUSED_ID, 404],
  ];
  for (const [id, status] of expected) {
    const primary = await request("GET", documentUrl(pair.primary.endpoint, id));
    const backup = await request("GET", documentUrl(pair.backup.endpoint, id));
    const held = primary.status === status && backup.status === status;
    narrator.expect(held, `${id}: ${primary.status} from PRIMARY, ${backup.status} from BACKUP`);
  }
}

function documentUrl(endpoint: string, id: string): string {
  return `${endpoint}/${INDEX}/_doc/${encodeURIComponent(id)}`;
}

/** The one that is deleted in the end. */
function firstPlace({ places }: Cast): DatasetEntry {
  const [first] = places;
  if (first === undefined) throw new Error("The data set is empty");
  return first;
}

function describe(finding: Finding): string {
  return `${finding.servedBy} answers: ${finding.total} found`;
}
