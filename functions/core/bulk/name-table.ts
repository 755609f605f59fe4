import { hasEscape, stringIs, unquote } from "./json-scan.ts";

/** Names (ASCII) that keys are looked up in, sorted by their length: most keys need no more than one comparison. */
export interface NameTable<Name extends string = string> {
  readonly names: readonly Name[];
  readonly bytes: readonly Uint8Array[];
  /** Where in `names` those of each length are. */
  readonly ofLength: readonly (readonly number[])[];
}

/** To be made once: a bulk's answer has a dozen keys an item. */
export function nameTable<const Name extends string>(names: readonly Name[]): NameTable<Name> {
  const longest = Math.max(...names.map(({ length }) => length));
  const ofLength = Array.from({ length: longest + 1 }, (_, length) =>
    names.flatMap((name, at) => (name.length === length ? [at] : [])),
  );
  return { names, bytes: names.map((name) => Buffer.from(name)), ofLength };
}

/** Which of the names the key in `start..end` is, however it is escaped; -1 when none. Throws `JsonScanError`. */
export function nameIndex(json: Buffer, start: number, end: number, table: NameTable): number {
  const { names, bytes, ofLength } = table;
  const length = end - start - 2;
  const candidates = length < ofLength.length ? ofLength[length] : undefined;
  if (candidates !== undefined) {
    for (let i = 0; i < candidates.length; i += 1) {
      const at = candidates[i] ?? 0;
      const name = bytes[at];
      if (name !== undefined && bytesAre(json, start + 1, name)) return at;
    }
  }
  return hasEscape(json, start, end) ? names.indexOf(unquote(json, start, end)) : -1;
}

/** A character code costs several times what a byte does. */
function bytesAre(json: Buffer, start: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if (json[start + at] !== bytes[at]) return false;
  return true;
}

/** Whether the key in `start..end` is `name` (ASCII), however it is escaped. Throws `JsonScanError`. */
export function keyIs(json: Buffer, start: number, end: number, name: string): boolean {
  return (
    stringIs(json, start, end, name) || (hasEscape(json, start, end) && unquote(json, start, end) === name)
  );
}
