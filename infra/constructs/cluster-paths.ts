import { searchRoutes } from "../../functions/core/routing/search-routes.ts";

/** What a function does on a cluster. `replay` reads PRIMARY; on BACKUP it writes. */
export type ClusterPurpose = "write" | "search" | "replay" | "sweep";

/**
 * Where a function that only reads sends something else than GET and HEAD. IAM tells methods and paths apart, but not
 * a read from a write: POST is both. The search function's are those that the API routes to it; replay's are in
 * `functions/core/truth` and `functions/core/definition`, and the simulation holds it to them.
 */
export const OTHER_METHODS: Readonly<
  Record<Exclude<ClusterPurpose, "write">, Readonly<Record<"POST" | "DELETE", readonly string[]>>>
> = {
  search: { POST: searchPaths("POST"), DELETE: searchPaths("DELETE") },
  replay: { POST: ["/_mget", "/*/_search", "/*/_refresh", "/*/_flush"], DELETE: [] },
  sweep: { POST: [], DELETE: [] },
};

/** In the form of a policy, where `*` also stands for several segments. */
function searchPaths(method: string): readonly string[] {
  const routed = searchRoutes.filter(({ methods }) => methods.includes(method));
  return [...new Set(routed.map(({ path }) => path.replace(/\{[^}]*\}/g, "*")))];
}
