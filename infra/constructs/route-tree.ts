import type { SearchRoute } from "../../functions/core/routing/search-routes.ts";

/** One resource of the REST API. */
export interface RouteNode {
  /** Starts with `/`, in API Gateway's notation: `{name}` for one segment, `{proxy+}` for all that follow. */
  readonly path: string;
  /** The search function's methods: GET, HEAD and perhaps more, or `ANY` where nothing is written. */
  readonly search: readonly string[];
  /** The write function's: `ANY` other, or none. */
  readonly write: readonly string[];
}

const CATCH_ALL = ["/", "/{index}", "/{index}/{proxy+}"];

/**
 * The resources that serve every path, parents before children: the catch-alls, the search function's, and under
 * each fixed segment that has children a `{proxy+}`, so that no path depends on whether API Gateway goes back up
 * the tree when a fixed branch leads nowhere (`PUT /_search/pipeline/x` is such a path). CloudFormation takes 500
 * resources, each method being one: where nothing can be written, one method serves all.
 *
 * @param written the paths where the write function is needed.
 * Throws where a path has two variable children on one level, which API Gateway refuses at deployment.
 */
export function routeTree(routes: readonly SearchRoute[], written: readonly string[]): readonly RouteNode[] {
  const methods = new Map(routes.map((route) => [route.path, route.methods]));
  const paths = new Set(CATCH_ALL);
  for (const { path: route } of routes) {
    const segments = route.split("/").slice(1);
    for (let depth = 1; depth <= segments.length; depth += 1) {
      const path = `/${segments.slice(0, depth).join("/")}`;
      paths.add(path);
      const nextIsFixed = depth < segments.length && !isVariable(segments[depth]);
      if (nextIsFixed && path !== "/{index}") paths.add(`${path}/{proxy+}`);
    }
  }
  assertOneVariablePerLevel(paths);
  return [...paths]
    .sort()
    .map((path) =>
      CATCH_ALL.includes(path) || written.some((other) => overlap(path.split("/"), other.split("/")))
        ? { path, search: ["GET", "HEAD", ...(methods.get(path) ?? [])], write: ["ANY"] }
        : { path, search: ["ANY"], write: [] },
    );
}

/** Whether one request can have both paths; no variable has the name of an endpoint but `{proxy+}`. */
function overlap(resource: readonly string[], path: readonly string[]): boolean {
  if (resource.at(-1) !== "{proxy+}") {
    return resource.length === path.length && resource.every((segment, i) => meet(segment, path[i]));
  }
  const fixed = resource.slice(0, -1);
  return path.length > fixed.length && fixed.every((segment, i) => meet(segment, path[i]));
}

function meet(segment: string, other = ""): boolean {
  return (
    segment === other ||
    (isVariable(segment) ? !other.startsWith("_") : isVariable(other) && !segment.startsWith("_"))
  );
}

function isVariable(segment: string | undefined): boolean {
  return segment?.startsWith("{") === true;
}

function assertOneVariablePerLevel(paths: ReadonlySet<string>): void {
  const variables = new Map<string, string>();
  for (const path of paths) {
    const cut = path.lastIndexOf("/");
    const segment = path.slice(cut + 1);
    if (!isVariable(segment)) continue;
    const parent = path.slice(0, cut);
    const other = variables.get(parent);
    if (other !== undefined) {
      throw new Error(
        `${parent}/ has two variable children, ${other} and ${segment}; API Gateway allows one per level`,
      );
    }
    variables.set(parent, segment);
  }
}
