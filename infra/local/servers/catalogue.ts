export type Product = "elasticsearch" | "opensearch";

/** One release of one product. */
export interface Release {
  readonly product: Product;
  readonly version: string;
}

interface KnownRelease extends Release {
  readonly downloadMegabytes: number;
}

/** The releases that were started and used here. Others of the same major versions work as well, as far as we know. */
export const KNOWN_RELEASES: readonly KnownRelease[] = [
  { product: "elasticsearch", version: "6.8.23", downloadMegabytes: 29 },
  { product: "elasticsearch", version: "7.10.2", downloadMegabytes: 31 },
  { product: "elasticsearch", version: "7.17.28", downloadMegabytes: 57 },
  { product: "elasticsearch", version: "8.19.0", downloadMegabytes: 92 },
  { product: "elasticsearch", version: "9.2.0", downloadMegabytes: 99 },
  { product: "opensearch", version: "1.3.20", downloadMegabytes: 35 },
  { product: "opensearch", version: "2.19.1", downloadMegabytes: 51 },
  { product: "opensearch", version: "3.8.0", downloadMegabytes: 160 },
];

/** How a person calls it: `Elasticsearch 7.10.2`. */
export function title({ product, version }: Release): string {
  return `${product === "elasticsearch" ? "Elasticsearch" : "OpenSearch"} ${version}`;
}

/** The folder inside the distribution's zip, and the name it has in the cache: `elasticsearch-7.10.2`. */
export function folderName({ product, version }: Release): string {
  return `${product}-${version}`;
}

/**
 * Maven's coordinates of the minimal distribution: transport and REST, without scripts and ingest processors.
 * It is the one that both projects publish for other projects' integration tests.
 */
export function mavenCoordinates({ product, version }: Release): string {
  const group = product === "elasticsearch" ? "org.elasticsearch" : "org.opensearch";
  return `${group}.distribution.integ-test-zip:${product}:${version}:zip`;
}

/** For a progress line; undefined where the size is not known. */
export function downloadMegabytes(release: Release): number | undefined {
  const known = KNOWN_RELEASES.find((k) => k.product === release.product && k.version === release.version);
  return known?.downloadMegabytes;
}

export interface JavaRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The Java versions that a release starts on. The lower bounds are the projects' own; the upper ones come from
 * the security manager: Elasticsearch up to 7.10 does not ask for it (Java 18 turned it off by default), 7.17 and
 * 8.x need one that exists at all (Java 24 removed it).
 */
export function javaRange({ product, version }: Release): JavaRange {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (product === "opensearch") {
    if (major >= 3) return { min: 21, max: 25 };
    return major === 2 ? { min: 11, max: 23 } : { min: 11, max: 17 };
  }
  if (major >= 9) return minor === 0 ? { min: 21, max: 21 } : { min: 21, max: 25 };
  if (major === 8) return { min: 17, max: 23 };
  return major === 7 && minor >= 17 ? { min: 11, max: 21 } : { min: 11, max: 17 };
}
