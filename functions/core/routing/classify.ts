import type { Endpoint, Treatment } from "./endpoint.ts";
import { segmentsOf } from "./path.ts";
import { routesOf } from "./routes.ts";
import { table } from "./table.ts";

const pass: Endpoint = { kind: "pass" };

/** What a request is, from its method and encoded path alone. */
export function classify(method: string, path: string): Endpoint {
  const variables = new Map<string, string>();
  const treatment = treatmentOf(method, path, variables);
  return treatment === undefined ? pass : endpointOf(treatment, variables);
}

/**
 * What the table says of a request; `undefined` where it does not know it.
 * @param variables gets the values of the path's variables.
 */
export function treatmentOf(
  method: string,
  path: string,
  variables: Map<string, string> = new Map(),
): Treatment | undefined {
  const segments = segmentsOf(path);
  return segments && find(root, segments, 0, method === "HEAD" ? "GET" : method, variables);
}

/**
 * Whether a request is the search function's: every GET and HEAD, and what else reads. The stack's resource
 * tree says the same (`search-routes.ts`).
 */
export function isSearch(method: string, path: string): boolean {
  if (method === "GET" || method === "HEAD") return true;
  const { kind } = classify(method, path);
  return kind === "read" || kind === "handle";
}

/** The table as a tree of segments. */
interface Node {
  readonly fixed: Map<string, Node>;
  readonly variables: Map<string, Node>;
  /** By method, or `*`. */
  readonly treatments: Map<string, Treatment>;
  /** Of `/**`: whatever follows. */
  readonly below: Map<string, Treatment>;
}

const root = grown();

function grown(): Node {
  const tree = newNode();
  for (const rule of table) {
    const { methods, paths } = routesOf(rule);
    for (const path of paths) {
      const rest = path.endsWith("/**");
      const node = nodeAt(tree, segmentsOf(rest ? path.slice(0, -3) : path) ?? []);
      for (const method of methods) (rest ? node.below : node.treatments).set(method, rule.treatment);
    }
  }
  return tree;
}

function newNode(): Node {
  return { fixed: new Map(), variables: new Map(), treatments: new Map(), below: new Map() };
}

function nodeAt(from: Node, segments: readonly string[]): Node {
  let node = from;
  for (const segment of segments) {
    const variable = segment.startsWith("{");
    const children = variable ? node.variables : node.fixed;
    const key = variable ? segment.slice(1, -1) : segment;
    const next = children.get(key) ?? newNode();
    children.set(key, next);
    node = next;
  }
  return node;
}

/** The nearest rule: a segment's own name before a variable, a whole path before `/**`, as both products do. */
function find(
  node: Node,
  segments: readonly string[],
  at: number,
  method: string,
  variables: Map<string, string>,
): Treatment | undefined {
  const segment = segments[at];
  const below = node.below.get(method) ?? node.below.get("*");
  if (segment === undefined) return node.treatments.get(method) ?? node.treatments.get("*") ?? below;
  const fixed = node.fixed.get(segment);
  const found = fixed && find(fixed, segments, at + 1, method, variables);
  if (found !== undefined) return found;
  for (const [name, next] of node.variables) {
    if (!mayBe(name, segment)) continue;
    const treatment = find(next, segments, at + 1, method, variables);
    if (treatment === undefined) continue;
    variables.set(name, segment);
    return treatment;
  }
  return below;
}

/** Neither an index nor a type begins with an underscore; `_all` stands for every index. */
function mayBe(variable: string, segment: string): boolean {
  if (variable === "index") return segment === "_all" || !segment.startsWith("_");
  return variable !== "type" || !segment.startsWith("_");
}

function endpointOf(treatment: Treatment, variables: ReadonlyMap<string, string>): Endpoint {
  const index = variables.get("index");
  switch (treatment.kind) {
    case "document":
      // No document goes to an index of the name `_all`.
      if (index === undefined || index === "_all") return pass;
      return { kind: "document", target: { action: treatment.action, index, id: variables.get("id") } };
    case "bulk-or-document":
      return index === undefined || index === "_all" ? pass : { kind: "bulk-or-document", index };
    case "bulk":
      return index === "_all" ? pass : { kind: "bulk", index, type: variables.get("type") };
    case "definition":
    case "by-query":
    case "named-definition":
      return { ...treatment, pattern: patternOf(treatment.pattern, variables) };
    default:
      return treatment;
  }
}

function patternOf(variable: string, variables: ReadonlyMap<string, string>): string {
  const named = variables.get(variable) ?? "*";
  return named === "_all" ? "*" : named;
}
