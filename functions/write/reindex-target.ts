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
 * The index that a `_reindex` names as its target; `undefined` where its body leaves that open: a script or
 * a pipeline may send documents elsewhere, and date math is PRIMARY's to resolve.
 */
export async function reindexTarget(request: GatewayRequest, bytesMax: number): Promise<string | undefined> {
  if (segmentsOf(request.path)?.join("/") !== "_reindex") return undefined;
  const plain = await plainBody(request, bytesMax);
  if (plain.kind === "refused") return undefined;
  return jsonAs(bodySchema, plain.body)?.dest.index;
}
