/** JSON with nothing lost: every digit of a number, every member of a name that comes twice. */
export type LosslessJson =
  | { readonly kind: "object"; readonly members: readonly (readonly [string, LosslessJson])[] }
  | { readonly kind: "array"; readonly elements: readonly LosslessJson[] }
  | { readonly kind: "string"; readonly text: string }
  /** A number as it is written, `true`, `false` or `null`. */
  | { readonly kind: "literal"; readonly digits: string };

const token = /[[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s[\]{},:"]+/gy;

/** Reads valid JSON; what is not JSON throws or comes out odd, but never equal to something else. */
export function losslessJson(text: string): LosslessJson {
  const scan = new RegExp(token);
  const space = /\s*/y;
  let at = 0;
  const next = (): string => {
    space.lastIndex = at;
    space.exec(text);
    scan.lastIndex = space.lastIndex;
    const found = scan.exec(text)?.[0];
    if (found === undefined) throw new Error(`Not JSON at ${at}: ${text.slice(at, at + 80)}`);
    at = scan.lastIndex;
    return found;
  };
  const readString = (quoted: string): string => {
    const read: unknown = JSON.parse(quoted);
    return String(read);
  };
  const value = (first: string): LosslessJson => {
    if (first === "{") {
      const members: [string, LosslessJson][] = [];
      for (let name = next(); name !== "}"; name = next()) {
        if (name === ",") name = next();
        next();
        members.push([readString(name), value(next())]);
      }
      return { kind: "object", members };
    }
    if (first === "[") {
      const elements: LosslessJson[] = [];
      for (let element = next(); element !== "]"; element = next()) {
        elements.push(value(element === "," ? next() : element));
      }
      return { kind: "array", elements };
    }
    return first.startsWith('"')
      ? { kind: "string", text: readString(first) }
      : { kind: "literal", digits: first };
  };
  return value(next());
}

/** An object's member; `undefined` where there is none. */
export function memberOf(json: LosslessJson | undefined, name: string): LosslessJson | undefined {
  if (json?.kind !== "object") return undefined;
  return json.members.find(([own]) => own === name)?.[1];
}

/** A string's text, a literal's digits. */
export function textOf(json: LosslessJson | undefined): string {
  if (json?.kind === "string") return json.text;
  if (json?.kind === "literal") return json.digits;
  throw new Error(`Neither text nor a literal: ${json?.kind ?? "nothing"}`);
}
