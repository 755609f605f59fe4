import {
  clusterError,
  type FakeAnswer,
  type FakeCluster,
  fakeCluster,
  lineOf,
  textOf,
} from "./fake-cluster.ts";

export interface FakeNamedDefinitions {
  readonly cluster: FakeCluster;
  /** By path: `/_index_template/books`. */
  readonly definitions: Map<string, Record<string, unknown>>;
  /** The changes that it was asked for, in order: `METHOD /path`. */
  changes(): readonly string[];
  /** Answers a change instead of making it; `undefined` makes it. */
  refuse(refusal: (line: string) => FakeAnswer | undefined): void;
  /** Runs before each answer, with its `METHOD /path`. */
  onAsked(run: (line: string) => void): void;
}

/** A cluster that keeps templates, pipelines and scripts. */
export function fakeNamedDefinitions(name: "primary" | "backup"): FakeNamedDefinitions {
  const definitions = new Map<string, Record<string, unknown>>();
  let refusal: (line: string) => FakeAnswer | undefined = () => undefined;
  let hook: (line: string) => void = () => {};
  const cluster = fakeCluster(name, (request) => {
    hook(lineOf(request));
    const path = decodeURIComponent(request.path);
    if (path.startsWith("/_cluster")) return { body: { cluster_name: "fake", metadata: { indices: {} } } };
    if (request.method === "GET") return answerOf(path, definitions);
    const refused = refusal(lineOf(request));
    if (refused !== undefined) return refused;
    if (request.method === "PUT") definitions.set(path, JSON.parse(textOf(request)));
    else if (!definitions.delete(path)) return clusterError(404, "missing");
    return {};
  });
  return {
    cluster,
    definitions,
    changes: () => cluster.requests.filter(({ method }) => method !== "GET").map(lineOf),
    refuse(next) {
      refusal = next;
    },
    onAsked(run) {
      hook = run;
    },
  };
}

function answerOf(path: string, definitions: FakeNamedDefinitions["definitions"]): FakeAnswer {
  const cut = path.lastIndexOf("/");
  const [at, wanted] = [path.slice(0, cut), path.slice(cut + 1)];
  const found = [...definitions].flatMap(([each, definition]) => {
    const name = each.slice(at.length + 1);
    const named = wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
    return each === `${at}/${name}` && named ? [{ name, definition }] : [];
  });
  const [first] = found;
  if (first === undefined) return notThere(at, wanted);
  switch (at) {
    case "/_index_template":
      return {
        body: {
          index_templates: found.map(({ name, definition }) => ({ name, index_template: definition })),
        },
      };
    case "/_component_template":
      return {
        body: {
          component_templates: found.map(({ name, definition }) => ({
            name,
            component_template: definition,
          })),
        },
      };
    case "/_scripts":
      return { body: { _id: first.name, found: true, ...first.definition } };
    default:
      return { body: Object.fromEntries(found.map(({ name, definition }) => [name, definition])) };
  }
}

/** As the products say it, seen on Elasticsearch 7.10.2 and OpenSearch 2.19.1. */
function notThere(at: string, wanted: string): FakeAnswer {
  switch (at) {
    case "/_index_template":
    case "/_component_template":
      if (!wanted.includes("*")) return clusterError(404, "resource_not_found_exception");
      return { status: 404, body: { [`${at.slice(2)}s`]: [] } };
    case "/_scripts":
      return { status: 404, body: { _id: wanted, found: false } };
    default:
      return { status: 404, body: {} };
  }
}
