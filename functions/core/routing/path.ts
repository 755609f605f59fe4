/**
 * The segments of an encoded path, decoded; `undefined` where an escape is malformed.
 * An encoded slash stays inside its segment: `/books/_doc/a%2Fb` has the id `a/b`.
 */
export function segmentsOf(path: string): readonly string[] | undefined {
  const parts = path.split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** One path segment for a cluster: everything but unreserved characters is escaped. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
