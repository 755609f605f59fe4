/** One resource of the REST API. */
export interface RouteNode {
  /** Starts with `/`, in API Gateway's notation: `{name}` for one segment, `{proxy+}` for all that follow. */
  readonly path: string;
  /** Whether POST reads here; GET and HEAD always do. */
  readonly postReads: boolean;
}

const CATCH_ALL = ["/", "/{index}", "/{index}/{proxy+}"];

/**
 * The resources that serve every path, parents before children: the catch-alls, the POST reads, and under each fixed
 * segment that has children a `{proxy+}`, so that no path depends on whether API Gateway goes back up the tree
 * when a fixed branch leads nowhere (`PUT /_search/pipeline/x` is such a path).
 *
 * Throws where a path has two variable children on one level, which API Gateway refuses at deployment.
 */
export function routeTree(postReads: readonly string[]): readonly RouteNode[] {
  const reads = new Set(postReads);
  const paths = new Set(CATCH_ALL);
  for (const read of postReads) {
    const segments = read.split("/").slice(1);
    for (let depth = 1; depth <= segments.length; depth += 1) {
      const path = `/${segments.slice(0, depth).join("/")}`;
      paths.add(path);
      const nextIsFixed = depth < segments.length && !isVariable(segments[depth]);
      if (nextIsFixed && path !== "/{index}") paths.add(`${path}/{proxy+}`);
    }
  }
  assertOneVariablePerLevel(paths);
  return [...paths].sort().map((path) => ({ path, postReads: reads.has(path) }));
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
