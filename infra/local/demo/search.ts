import * as v from "valibot";
import { parseAnswer, request } from "./rest.ts";

const Found = v.object({
  hits: v.object({
    total: v.object({ value: v.number() }),
    hits: v.array(
      v.object({
        _id: v.string(),
        _source: v.object({ name: v.string(), region: v.string(), countryName: v.string() }),
      }),
    ),
  }),
});

export interface Finding {
  readonly total: number;
  /** One line for each hit, with its id. */
  readonly hits: readonly string[];
  readonly servedBy: "PRIMARY" | "BACKUP";
}

/** What is asked, for a person. */
export const QUESTION = "places called Springfield, from A to Z by region";

/** Asks the same question each time. The order depends on the documents only, so both clusters must give the same. */
export async function searchPlaces(endpoint: string, index: string): Promise<Finding> {
  const answer = await request("POST", `${endpoint}/${index}/_search`, {
    query: { match: { name: "springfield" } },
    sort: [{ region: "asc" }, { district: "asc" }, { "name.keyword": "asc" }],
    size: 5,
  });
  const { hits } = parseAnswer(Found, answer);
  return {
    total: hits.total.value,
    hits: hits.hits.map(
      ({ _id, _source: place }) => `${place.name}, ${place.region}, ${place.countryName} (${_id})`,
    ),
    servedBy: answer.headers.get("x-understudy-served-by") === "backup" ? "BACKUP" : "PRIMARY",
  };
}
