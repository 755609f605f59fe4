import { segment } from "../routing/path.ts";

/** Servers refuse a request line of more than 4 KiB (`http.max_initial_line_length`). */
const namesCharactersMax = 2500;

/** What `readPage` gives for each page of names, as one map. It throws what `readPage` throws. */
export async function readInPages<T>(
  names: readonly string[],
  readPage: (page: string) => Promise<ReadonlyMap<string, T>>,
): Promise<ReadonlyMap<string, T>> {
  const pages = await Promise.all(namePages(names).map(readPage));
  return new Map(pages.flatMap((page) => [...page]));
}

/** Names as path segments, comma-separated, in as many pages as request lines need. */
function namePages(names: readonly string[]): readonly string[] {
  const pages: string[] = [];
  for (const name of names.map(segment)) {
    const last = pages.at(-1);
    if (last === undefined || last.length + name.length > namesCharactersMax) pages.push(name);
    else pages[pages.length - 1] = `${last},${name}`;
  }
  return pages;
}
