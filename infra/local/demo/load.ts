import * as v from "valibot";
import type { DatasetEntry } from "../../../test/support/dataset.ts";
import type { Progress } from "./narrator.ts";
import { parseAnswer, request } from "./rest.ts";

const BulkAnswer = v.object({ errors: v.boolean(), items: v.array(v.unknown()) });

const DOCUMENTS_PER_BULK = 1_000;
const BULKS_IN_FLIGHT = 2;

/** Indexes the places in bulks. Rejects at the first bulk that was not accepted as a whole. */
export async function loadPlaces(
  endpoint: string,
  index: string,
  places: readonly DatasetEntry[],
  progress: Progress,
): Promise<{ documents: number; seconds: number }> {
  const bulks = chunks(places, DOCUMENTS_PER_BULK);
  const queue = bulks.values();
  let loaded = 0;
  const sendNext = async (): Promise<void> => {
    for (const bulk of queue) {
      await sendBulk(endpoint, index, bulk);
      loaded += bulk.length;
      progress.advance(bulk.length);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: BULKS_IN_FLIGHT }, sendNext));
  return { documents: loaded, seconds: (performance.now() - began) / 1000 };
}

async function sendBulk(endpoint: string, index: string, entries: readonly DatasetEntry[]): Promise<void> {
  const lines = entries.map(({ id, document }) => {
    return `${JSON.stringify({ index: { _index: index, _id: id } })}\n${JSON.stringify(document)}\n`;
  });
  const answer = await request("POST", `${endpoint}/_bulk`, lines.join(""));
  const { errors, items } = parseAnswer(BulkAnswer, answer);
  if (errors || items.length !== entries.length) {
    throw new Error(`A bulk was not accepted as a whole: ${answer.text.slice(0, 500)}`);
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}
