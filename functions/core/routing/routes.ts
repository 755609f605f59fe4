import type { Rule } from "./endpoint.ts";

/** A rule's methods and paths, written out. */
export interface Routes {
  readonly methods: readonly string[];
  /** Without `(…)`: one for each way to leave such parts out. */
  readonly paths: readonly string[];
}

/** Writes a rule's route out. */
export function routesOf({ route }: Rule): Routes {
  const words = route.split(" ");
  return { methods: words.slice(0, -1), paths: writtenOut(words.at(-1) ?? "") };
}

/** `(/{index})/_bulk` is `/_bulk` and `/{index}/_bulk`; parts may be inside one another. */
function writtenOut(path: string): readonly string[] {
  const open = path.indexOf("(");
  if (open < 0) return [path];
  const close = closing(path, open);
  const [before, inside, after] = [path.slice(0, open), path.slice(open + 1, close), path.slice(close + 1)];
  return [...writtenOut(before + after), ...writtenOut(before + inside + after)];
}

function closing(path: string, open: number): number {
  let depth = 0;
  for (let at = open; at < path.length; at++) {
    if (path[at] === "(") depth++;
    if (path[at] === ")" && --depth === 0) return at;
  }
  throw new Error(`[${path}] has a part that does not end`);
}
