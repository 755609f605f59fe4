import type { Release } from "../../infra/local/servers/catalogue.ts";

/** PRIMARY and BACKUP of one run. */
export interface ClusterPair {
  /** As it is selected: `es6.8-es7.17`. */
  readonly name: string;
  readonly primary: Release;
  readonly backup: Release;
}

const releases: Readonly<Record<string, Release>> = {
  "es6.8": { product: "elasticsearch", version: "6.8.23" },
  "es7.10": { product: "elasticsearch", version: "7.10.2" },
  "es7.17": { product: "elasticsearch", version: "7.17.28" },
  "es8.19": { product: "elasticsearch", version: "8.19.0" },
  "es9.2": { product: "elasticsearch", version: "9.2.0" },
  "os1.3": { product: "opensearch", version: "1.3.20" },
  "os2.19": { product: "opensearch", version: "2.19.1" },
  "os3.8": { product: "opensearch", version: "3.8.0" },
};

/** With the ordinary tests: an upgrade of each product, and the types of Elasticsearch 6. */
const inEveryRun = ["es7.17-es8.19", "os2.19-os3.8", "es6.8-es7.17"];

/** The moves that people make; the last three are there so that each release is once on each side. */
const all = [
  ...inEveryRun,
  "es7.10-os2.19",
  "es7.17-os3.8",
  "es8.19-es9.2",
  "os1.3-os2.19",
  "os2.19-es8.19",
  "es9.2-es6.8",
  "os3.8-es7.10",
  "es7.17-os1.3",
];

/**
 * The pairs that `CLUSTERS_PAIRS` names: `all`, or any of the releases' names as `primary-backup`, separated by
 * commas. Three where it is not set.
 */
export function selectedPairs(selection: string | undefined): readonly ClusterPair[] {
  const names = selection === "all" ? all : selection ? selection.split(",") : inEveryRun;
  return names.map((name) => {
    const [primary = "", backup = ""] = name.trim().split("-");
    return { name, primary: releaseNamed(primary, name), backup: releaseNamed(backup, name) };
  });
}

function releaseNamed(part: string, name: string): Release {
  const release = releases[part];
  if (release !== undefined) return release;
  throw new Error(
    `CLUSTERS_PAIRS: [${name}] is not two of ${Object.keys(releases).join(", ")} with a dash between`,
  );
}
