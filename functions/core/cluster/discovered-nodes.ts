/** An address that names no node to anybody but the node itself. */
const wildcardHosts = new Set(["0.0.0.0", "[::]"]);

/**
 * The addresses in the `nodes` of a `GET /_nodes/http` answer, with the scheme (`http:` or `https:`) by which the
 * seed is reached: `publish_address` names none. Its forms are `ip:port` and `host/ip:port` (the name counts).
 * Left out: nodes that only manage the cluster, nodes without HTTP, wildcard addresses, and what cannot be read.
 */
export function discoveredAddresses(nodes: unknown, scheme: string): URL[] {
  const found = new Map<string, URL>();
  for (const node of Object.values(isRecord(nodes) ? nodes : {})) {
    if (!isRecord(node) || managesOnly(node.roles) || !isRecord(node.http)) continue;
    const url = toUrl(node.http.publish_address, scheme);
    if (url !== undefined && !wildcardHosts.has(url.hostname)) found.set(url.href, url);
  }
  return [...found.values()];
}

function toUrl(publishAddress: unknown, scheme: string): URL | undefined {
  if (typeof publishAddress !== "string") return undefined;
  const [name, address] = publishAddress.split("/");
  const port = address?.match(/:\d+$/)?.[0];
  const text = `${scheme}//${port === undefined ? publishAddress : `${name}${port}`}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function managesOnly(roles: unknown): boolean {
  return (
    Array.isArray(roles) &&
    roles.length > 0 &&
    roles.every((role) => role === "master" || role === "cluster_manager" || role === "voting_only")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
