import { eachElement, JsonScanError, skipSpace } from "../core/bulk/json-scan.ts";
import { memberRange } from "../core/bulk/member-range.ts";
import { cut, type Edit, splice } from "../core/bulk/splice.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { segmentsOf } from "../core/routing/path.ts";

const newline = 0x0a;

/**
 * `_msearch` and `_mget` without the types in their bodies, for a BACKUP that has none; `undefined` for other reads, and
 * where the body names none or cannot be read. All other bytes stay.
 */
export function withoutTypesInBody(request: GatewayRequest): GatewayRequest | undefined {
  if (request.headers["content-encoding"] !== undefined) return undefined;
  const segments = segmentsOf(request.path) ?? [];
  try {
    if (segments.includes("_msearch")) return changed(request, typesOfSearches(request.body));
    if (segments.includes("_mget")) return changed(request, typesOfDocuments(request.body));
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
  }
  return undefined;
}

function changed(request: GatewayRequest, edits: readonly Edit[]): GatewayRequest | undefined {
  return edits.length === 0 ? undefined : { ...request, body: splice(request.body, edits) };
}

/** Each search is two lines, of which the first says where. A newline before all of them is not a line. */
function typesOfSearches(body: Buffer): readonly Edit[] {
  const edits: Edit[] = [];
  for (let start = body[0] === newline ? 1 : 0, line = 0; start < body.length; line++) {
    const found = body.indexOf(newline, start);
    const end = found < 0 ? body.length : found;
    const object = skipSpace(body, start);
    if (line % 2 === 0 && object < end) {
      // BACKUP refuses the other one by itself.
      const whole = memberRange(body, object, "type").whole ?? memberRange(body, object, "types").whole;
      if (whole !== undefined) edits.push(cut(whole));
    }
    start = end + 1;
  }
  return edits;
}

function typesOfDocuments(body: Buffer): readonly Edit[] {
  const edits: Edit[] = [];
  const docs = memberRange(body, skipSpace(body, 0), "docs").value;
  if (docs === undefined) return edits;
  eachElement(body, docs.start, (element) => {
    const { end, whole } = memberRange(body, element, "_type");
    if (whole !== undefined) edits.push(cut(whole));
    return end;
  });
  return edits;
}
