import assert from "node:assert/strict";
import { test } from "node:test";
import { isSearch } from "../../functions/core/routing/classify.ts";
import { routesOf } from "../../functions/core/routing/routes.ts";
import { searchRoutes, writtenPaths } from "../../functions/core/routing/search-routes.ts";
import { table } from "../../functions/core/routing/table.ts";
import { routeTree } from "../../infra/constructs/route-tree.ts";

const reads = ["GET", "HEAD"];
const write = ["ANY"];

test("routeTree() serves every path and no more when only GET and HEAD read", () => {
  assert.deepEqual(routeTree([], []), [
    { path: "/", search: reads, write },
    { path: "/{index}", search: reads, write },
    { path: "/{index}/{proxy+}", search: reads, write },
  ]);
});

test("routeTree() puts a catch-all beside the fixed children of a fixed segment", () => {
  const routes = [
    { path: "/_search", methods: ["POST"] },
    { path: "/_search/scroll", methods: ["POST", "DELETE"] },
  ];
  assert.deepEqual(
    routeTree(routes, ["/_search/pipeline/{name}", "/_search/scroll"]).filter(({ path }) =>
      path.startsWith("/_"),
    ),
    [
      { path: "/_search", search: ["ANY"], write: [] },
      { path: "/_search/scroll", search: [...reads, "POST", "DELETE"], write },
      { path: "/_search/{proxy+}", search: reads, write },
    ],
  );
});

test("routeTree() lists each resource once and after its parent", () => {
  const paths = routeTree(searchRoutes, writtenPaths).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  for (const [position, path] of paths.entries()) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent === "") continue;
    const at = paths.indexOf(parent);
    assert.ok(at >= 0 && at < position, `${parent} comes before ${path}`);
  }
});

test("routeTree() refuses two variable children on one level", () => {
  const routes = [{ path: "/{name}/_search", methods: ["POST"] }];
  assert.throws(() => routeTree(routes, []), /two variable children, .*API Gateway allows one/);
});

/** Where API Gateway sends a request: a fixed segment goes before a variable, and the longest match counts. */
function throughTree(method: string, path: string): "search" | "write" {
  const matching = routeTree(searchRoutes, writtenPaths).filter((node) =>
    matches(node.path.split("/"), path.split("/")),
  );
  const [best] = matching.sort((a, b) => rank(b.path).localeCompare(rank(a.path)));
  const searches = best?.search.includes(method) || best?.search.includes("ANY");
  return searches ? "search" : "write";
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.at(-1) === "{proxy+}") {
    const fixed = pattern.slice(0, -1);
    return path.length > fixed.length && matches(fixed, path.slice(0, fixed.length));
  }
  return (
    pattern.length === path.length && pattern.every((part, i) => part.startsWith("{") || part === path[i])
  );
}

function rank(path: string): string {
  return path
    .replace(/\{proxy\+\}/g, "0")
    .replace(/\{\w+\}/g, "1")
    .replace(/[^/01]+/g, "2");
}

test("the stack's resources and isSearch() agree on every endpoint, but for reads under a type", () => {
  for (const rule of table) {
    const { methods, paths } = routesOf(rule);
    for (const path of paths) {
      const request = path.replace("/**", "/x/y").replace(/\{(\w+)\}/g, "$1");
      for (const method of methods.map((each) => (each === "*" ? "PUT" : each))) {
        const function_ = throughTree(method, request);
        if (rule.treatment.kind === "pass") continue;
        const wanted = isSearch(method, request) && !(path.includes("{type}") && method !== "GET");
        assert.equal(function_, wanted ? "search" : "write", `${method} ${path}`);
      }
    }
  }
});
