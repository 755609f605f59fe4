import { routesOf } from "./routes.ts";
import { table } from "./table.ts";

/** A path whose other methods than GET and HEAD are the search function's too. */
export interface SearchRoute {
  /** In API Gateway's notation: `{index}` for one segment, `{proxy+}` for all that follow. */
  readonly path: string;
  readonly methods: readonly string[];
}

/**
 * What `isSearch` says, as API Gateway's resources. A variable other than the index takes all that follows, as
 * one level of resources can have one variable child only. Reads under a mapping type (`/{index}/{type}/_search`,
 * up to Elasticsearch 7) are therefore not among them: PRIMARY answers these through the write function, without
 * fallback and without streaming; what continues their scrolls is the search function's again.
 */
export const searchRoutes: readonly SearchRoute[] = collected();

/** The paths of all that is replicated. */
export const writtenPaths: readonly string[] = table
  .filter(({ treatment: { kind } }) => kind !== "read" && kind !== "handle" && kind !== "pass")
  .flatMap((rule) => routesOf(rule).paths);

function collected(): readonly SearchRoute[] {
  const found = new Map<string, Set<string>>();
  for (const rule of table) {
    if (rule.treatment.kind !== "read" && rule.treatment.kind !== "handle") continue;
    const { methods, paths } = routesOf(rule);
    const others = methods.filter((method) => method !== "GET");
    if (others.length === 0) continue;
    for (const path of paths.map(greedy)) {
      if (path === "/{index}/{proxy+}") continue;
      const known = found.get(path) ?? new Set();
      for (const method of others) known.add(method);
      found.set(path, known);
    }
  }
  return [...found].map(([path, methods]) => ({ path, methods: [...methods] }));
}

function greedy(path: string): string {
  const [first = "", ...rest] = path.split("/").slice(1);
  const variable = rest.findIndex((segment) => segment.startsWith("{"));
  const kept = variable < 0 ? rest : [...rest.slice(0, variable), "{proxy+}"];
  return `/${[first, ...kept].join("/")}`;
}
