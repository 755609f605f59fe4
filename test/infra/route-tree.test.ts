import assert from "node:assert/strict";
import { test } from "node:test";
import { postReads as classified } from "../../functions/core/routing/classify.ts";
import { POST_READS } from "../../infra/constructs/post-reads.ts";
import { routeTree } from "../../infra/constructs/route-tree.ts";

test("routeTree() serves every path and no more when no POST reads", () => {
  assert.deepEqual(routeTree([]), [
    { path: "/", postReads: false },
    { path: "/{index}", postReads: false },
    { path: "/{index}/{proxy+}", postReads: false },
  ]);
});

test("routeTree() puts a catch-all beside the fixed children of a fixed segment", () => {
  assert.deepEqual(
    routeTree(["/_search", "/_search/scroll"]).filter(({ path }) => path.startsWith("/_")),
    [
      { path: "/_search", postReads: true },
      { path: "/_search/scroll", postReads: true },
      { path: "/_search/{proxy+}", postReads: false },
    ],
  );
});

test("routeTree() lists each resource once and after its parent", () => {
  const paths = routeTree(POST_READS).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  for (const [position, path] of paths.entries()) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent === "") continue;
    const at = paths.indexOf(parent);
    assert.ok(at >= 0 && at < position, `${parent} comes before ${path}`);
  }
});

test("routeTree() refuses two variable children on one level", () => {
  assert.throws(() => routeTree(["/{name}/_search"]), /two variable children, .*API Gateway allows one/);
});

test("POST_READS has every word that classify() takes for a read", () => {
  for (const word of classified) {
    assert.ok(
      POST_READS.some((path) => path.split("/").includes(word)),
      `${word} has a resource`,
    );
  }
});
