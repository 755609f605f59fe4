import {
  eachElement,
  eachMember,
  JsonScanError,
  skipSpace,
  skipValue,
  unquote,
} from "../../functions/core/bulk/json-scan.ts";

/**
 * Whether two JSON texts say the same: white space, escapes and the order of names do not count; every digit
 * of a number and each of several members of one name do. What is not JSON is compared as bytes.
 */
export function sameJson(a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true;
  try {
    return canonicalJson(a) === canonicalJson(b);
  } catch (error) {
    if (error instanceof JsonScanError) return false;
    throw error;
  }
}

/** One form of all JSON texts that say the same. Throws `JsonScanError`. */
export function canonicalJson(json: Buffer): string {
  return valueAt(json, skipSpace(json, 0)).text;
}

function valueAt(json: Buffer, at: number): { readonly text: string; readonly end: number } {
  switch (json[at]) {
    case 0x7b: {
      const members: [string, string][] = [];
      const end = eachMember(json, at, (keyStart, keyEnd, start) => {
        const value = valueAt(json, start);
        members.push([JSON.stringify(unquote(json, keyStart, keyEnd)), value.text]);
        return value.end;
      });
      // The sort is stable: members of one name keep their order.
      members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      return { text: `{${members.map(([name, text]) => `${name}:${text}`).join(",")}}`, end };
    }
    case 0x5b: {
      const elements: string[] = [];
      const end = eachElement(json, at, (start) => {
        const value = valueAt(json, start);
        elements.push(value.text);
        return value.end;
      });
      return { text: `[${elements.join(",")}]`, end };
    }
    case 0x22: {
      const end = skipValue(json, at);
      return { text: JSON.stringify(unquote(json, at, end)), end };
    }
    default: {
      const end = skipValue(json, at);
      return { text: json.toString("latin1", at, end), end };
    }
  }
}
