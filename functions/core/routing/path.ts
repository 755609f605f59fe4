/**
 * The segments of an encoded path, decoded; `undefined` where an escape is malformed.
 * An encoded slash stays inside its segment: `/books/_doc/a%2Fb` has the id `a/b`. Slashes at the end mean
 * nothing, however many: PRIMARY ignores them too.
 */
export function segmentsOf(path: string): readonly string[] | undefined {
  const parts = withoutTrailingSlashes(path).split("/").slice(1);
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** An encoded path without the slashes at its end; empty for the root. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** One path segment for a cluster: everything but unreserved characters is escaped. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
