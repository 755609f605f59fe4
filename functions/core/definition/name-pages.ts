import { segment } from "../routing/path.ts";

/** Servers refuse a request line of more than 4 KiB (`http.max_initial_line_length`). */
const namesCharactersMax = 2500;

/** Names as path segments, comma-separated, in as many pages as request lines need. */
export function namePages(names: readonly string[]): readonly string[] {
  const pages: string[] = [];
  for (const name of names.map(segment)) {
    const last = pages.at(-1);
    if (last === undefined || last.length + name.length > namesCharactersMax) pages.push(name);
    else pages[pages.length - 1] = `${last},${name}`;
  }
  return pages;
}
