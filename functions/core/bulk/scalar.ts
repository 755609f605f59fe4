import { JsonScanError, skipValue, unquote } from "./json-scan.ts";

const LITERAL = /^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * A simple value's text as Elasticsearch takes it: `1.50` stays `1.50`, `true` is "true", null is nothing.
 * Throws `JsonScanError`.
 */
export function scalar(body: Buffer, start: number, end: number): string | undefined {
  if (body[start] === 0x22) return unquote(body, start, end);
  const text = body.toString("latin1", start, end);
  if (text === "null") return undefined;
  if (!LITERAL.test(text)) throw new JsonScanError("a value", start);
  return text;
}

/** What Elasticsearch calls the value that starts at `pos`, for its refusals. Throws `JsonScanError`. */
export function tokenAt(body: Buffer, pos: number): string {
  switch (body[pos]) {
    case 0x7b:
      return "START_OBJECT";
    case 0x5b:
      return "START_ARRAY";
    case 0x22:
      return "VALUE_STRING";
  }
  const text = body.toString("latin1", pos, skipValue(body, pos));
  if (text === "null") return "VALUE_NULL";
  if (!LITERAL.test(text)) throw new JsonScanError("a value", pos);
  return text === "true" || text === "false" ? "VALUE_BOOLEAN" : "VALUE_NUMBER";
}
