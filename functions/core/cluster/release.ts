import * as v from "valibot";
import { ask, ClusterAnswerError } from "./json-request.ts";
import { type Cluster, ClusterError } from "./port.ts";

/** What a cluster runs; during a rolling upgrade the oldest of its nodes' versions. */
export interface Release {
  readonly product: "elasticsearch" | "opensearch";
  /** As the cluster says it: `7.10.2`. */
  readonly version: string;
}

/** The releases that the gateway works with, in a person's words. */
export const supportedReleases = "Elasticsearch 6.8 and 7 to 9, OpenSearch 1 to 3";

/** Major and minor version as one number that orders releases of a product: 7.10 is 7010. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major * 1000 + minor;
}

/** Whether bulk actions, mappings and templates have types below them: Elasticsearch 6. */
export function hasTypes({ product, version }: Release): boolean {
  return product === "elasticsearch" && versionNumber(version) < 7000;
}

/** The parameter with which a request's mappings have no type in any release. */
export function typelessQuery(release: Release): string {
  return hasTypes(release) ? "include_type_name=false" : "";
}

/** Whether a path may have a type after the index: up to Elasticsearch 7 and OpenSearch 1. */
export function hasTypedPaths({ product, version }: Release): boolean {
  return versionNumber(version) < (product === "elasticsearch" ? 8000 : 2000);
}

/** Why the gateway does not work with the release, or `undefined` when it does. A newer one is tried. */
export function unsupported(name: Cluster["name"], { product, version }: Release): string | undefined {
  if (product === "opensearch" || versionNumber(version) >= 6008) return undefined;
  return `${name.toUpperCase()} is Elasticsearch ${version}, which is not supported: ${supportedReleases} are`;
}

/** After so long it is asked again, while the last answer still serves: no request waits for that. */
const freshMs = 30_000;
/** An answer older than that (of a process that was frozen) is waited for. */
const believedMs = 300_000;
const askTimeoutMs = 3000;

/**
 * Asks a cluster what it runs, and again every half minute while anybody wants to know. While it cannot
 * say, the last answer holds.
 * @throws ClusterError or ClusterAnswerError when it never said.
 */
export function createReleaseReader(
  cluster: Pick<Cluster, "name" | "send">,
  now: () => number,
): () => Promise<Release> {
  let known: { readonly release: Release; readonly atMs: number } | undefined;
  let asking: Promise<Release> | undefined;
  async function askAgain(): Promise<Release> {
    try {
      const release = await askRelease(cluster);
      known = { release, atMs: now() };
      return release;
    } catch (error) {
      if (known === undefined) throw error;
      return known.release;
    } finally {
      asking = undefined;
    }
  }
  return () => {
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : now() - known.atMs;
    if (known !== undefined && ageMs < freshMs) return Promise.resolve(known.release);
    asking ??= askAgain();
    return known !== undefined && ageMs < believedMs ? Promise.resolve(known.release) : asking;
  };
}

const rootSchema = v.object({
  version: v.object({ number: v.string(), distribution: v.optional(v.string(), "elasticsearch") }),
});
const nodesSchema = v.object({ nodes: v.record(v.string(), v.object({ version: v.string() })) });

async function askRelease(cluster: Pick<Cluster, "name" | "send">): Promise<Release> {
  const [root, versions] = await Promise.all([readRoot(cluster), readNodes(cluster)]);
  // Elasticsearch's minimal distributions from 8 on answer 405 to `GET /`; OpenSearch always says its name.
  const product = root?.distribution === "opensearch" ? "opensearch" : "elasticsearch";
  const [version] = versions.sort((a, b) => versionNumber(a) - versionNumber(b));
  if (version !== undefined) return { product, version };
  if (root !== undefined) return { product, version: root.number };
  throw new ClusterError(cluster.name, "refused", "it does not say which version it runs");
}

/** `number` may be a disguise (`compatibility.override_main_response_version`): the nodes' versions are not. */
async function readRoot(cluster: Pick<Cluster, "name" | "send">) {
  const parsed = v.safeParse(rootSchema, await read(cluster, "/"));
  return parsed.success ? parsed.output.version : undefined;
}

async function readNodes(cluster: Pick<Cluster, "name" | "send">): Promise<string[]> {
  const parsed = v.safeParse(nodesSchema, await read(cluster, "/_nodes/http", "filter_path=nodes.*.version"));
  return parsed.success ? Object.values(parsed.output.nodes).map(({ version }) => version) : [];
}

/** `undefined` where this cluster or these credentials do not give it. */
async function read(cluster: Pick<Cluster, "name" | "send">, path: string, query?: string): Promise<unknown> {
  try {
    const request = { method: "GET", path, timeoutMs: askTimeoutMs, ...(query !== undefined && { query }) };
    const { body } = await ask(cluster, request);
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (error instanceof ClusterAnswerError && error.status < 500) return undefined;
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
