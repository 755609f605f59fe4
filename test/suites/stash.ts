import { fieldsOf } from "./value.ts";

/** What `set` kept for later, and the last answer. */
export interface Stash {
  answer: unknown;
  readonly kept: Map<string, unknown>;
}

/** Nothing was asked, nothing is kept. */
export function emptyStash(): Stash {
  return { answer: undefined, kept: new Map() };
}

/** The value with all `$name` and `${name}` replaced, in keys as well. */
export function resolved(value: unknown, stash: Stash): unknown {
  if (typeof value === "string") return resolvedText(value, stash);
  if (Array.isArray(value)) return value.map((element) => resolved(element, stash));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      String(resolvedText(name, stash)),
      resolved(member, stash),
    ]),
  );
}

function resolvedText(text: string, stash: Stash): unknown {
  const whole = /^\$(?:\{(\w+)\}|(\w+))$/.exec(text);
  const name = whole?.[1] ?? whole?.[2];
  if (name === "body") return stash.answer;
  if (name !== undefined && stash.kept.has(name)) return stash.kept.get(name);
  return text.replaceAll(/\$\{(\w+)\}/g, (found, inner) => String(stash.kept.get(inner) ?? found));
}

/** What the answer has at `a.b.0.c`; `\.` is a point in a name, `_arbitrary_key_` the name of any member. */
export function valueAt(path: string, stash: Stash): unknown {
  let value = stash.answer;
  for (const written of path === "" || path === "$body" ? [] : path.split(/(?<!\\)\./)) {
    const part = String(resolvedText(written.replaceAll("\\.", "."), stash));
    if (part === "$body") continue;
    if (part === "_arbitrary_key_") return Object.keys(fieldsOf(value))[0];
    value = Array.isArray(value) ? value[Number(part)] : fieldsOf(value)[part];
  }
  return value;
}
