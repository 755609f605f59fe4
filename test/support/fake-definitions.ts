/** An index as `GET /{index}?flat_settings=true` shows it; a test changes its members. */
export interface FakeDefinition {
  aliases: Record<string, Readonly<Record<string, unknown>>>;
  mappings: Record<string, unknown>;
  settings: Record<string, unknown>;
  closed?: boolean;
  /** The data stream whose backing index it is. */
  data_stream?: string;
}

/** The indices that a path's multi-target expression means: names, aliases and wildcards. */
export function selected<T extends Pick<FakeDefinition, "aliases">>(
  indices: ReadonlyMap<string, T>,
  encoded: string,
): readonly (readonly [string, T])[] {
  const parts = decodeURIComponent(encoded).split(",").map(asPattern);
  return [...indices].filter(([name, { aliases }]) =>
    [name, ...Object.keys(aliases)].some((each) => parts.some((part) => part.test(each))),
  );
}

function asPattern(part: string): RegExp {
  const [first = "", ...more] = part.split("*").map((text) => text.replace(/[.$^+?()[\]{}|\\]/g, "\\$&"));
  return new RegExp(`^${[first, ...more].join(".*")}$`, "s");
}
