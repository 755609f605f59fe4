import * as v from "valibot";
import { jsonAs } from "../core/http/json-as.ts";
import { type GatewayRequest, plainBody } from "../core/http/request.ts";
import { segmentsOf } from "../core/routing/path.ts";

const bodySchema = v.object({
  dest: v.object({
    index: v.pipe(v.string(), v.regex(/^[^<,*-][^,*]*$/)),
    pipeline: v.optional(v.undefined()),
  }),
  script: v.optional(v.undefined()),
});

/**
 * The indices whose documents a by-query write may change: a `_reindex` those that it names as its target, the others
 * those in their path. Any index where that is open: a script or a pipeline may send documents elsewhere, and date
 * math is PRIMARY's to resolve.
 * @param inPath as the path says.
 */
export async function byQueryPattern(
  request: GatewayRequest,
  inPath: string,
  bytesMax: number,
): Promise<string> {
  if (segmentsOf(request.path)?.join("/") !== "_reindex") {
    return new URLSearchParams(request.query).has("pipeline") ? "*" : inPath;
  }
  const plain = await plainBody(request, bytesMax);
  if (plain.kind === "refused") return "*";
  return jsonAs(bodySchema, plain.body)?.dest.index ?? "*";
}
