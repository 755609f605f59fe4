import * as v from "valibot";
import { jsonAs } from "../core/http/json-as.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { withoutTrailingSlashes } from "../core/routing/path.ts";

const names = v.union([v.string(), v.array(v.string())]);
const target = v.object({ index: v.optional(names, []), indices: v.optional(names, []) });
const aliasesSchema = v.object({ actions: v.array(v.record(v.string(), target)) });

/**
 * The indices that `POST /_aliases` names in its body, as a pattern; `undefined` for any other request,
 * and for a body that PRIMARY is to refuse.
 */
export function concernedIndices({ path, body }: GatewayRequest): string | undefined {
  if (withoutTrailingSlashes(path) !== "/_aliases") return undefined;
  const { actions = [] } = jsonAs(aliasesSchema, body) ?? {};
  const targets = actions.flatMap((action) => Object.values(action));
  const named = targets.flatMap(({ index, indices }) => [index, indices].flat());
  return named.length === 0 ? undefined : [...new Set(named)].join(",");
}
