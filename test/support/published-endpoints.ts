import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";

/** Endpoints as their publishers write them: `METHOD /path/{variable}`. */
export type PublishedEndpoints = ReadonlySet<string>;

const require = createRequire(import.meta.url);
const run = promisify(execFile);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
type Call = (this: unknown, ...values: readonly unknown[]) => unknown;
const isCall = (value: unknown): value is Call =>
  typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));

/** What an Elasticsearch client can ask for. */
export function ofElasticsearchClient(name: string): PublishedEndpoints {
  const requests = new Requests();
  const { Client, Transport } = require(name);
  class Noting extends Transport {
    request = requests.note;
  }
  const calls = callsOf(new Client({ node: "http://localhost:1", Transport: Noting }));
  for (const [call, owner] of calls) requests.makeAll(call, owner);
  return requests.noted();
}

/** What the OpenSearch client can ask for. */
export async function ofOpenSearchClient(): Promise<PublishedEndpoints> {
  const requests = new Requests();
  const root = join(dirname(require.resolve("@opensearch-project/opensearch/package.json")), "api");
  for (const file of await readdir(root, { recursive: true })) {
    if (!file.endsWith(".js") || /(_api|OpenSearchApi|utils)\.js$|^http\b/.test(file)) continue;
    const call: unknown = require(join(root, file));
    if (isCall(call)) requests.makeAll(call, { transport: { request: requests.note } });
  }
  return requests.noted();
}

/** The functions of a client and of its namespaces, each with what it belongs to. */
function callsOf(client: object, seen = new Set<object>()): readonly (readonly [Call, object])[] {
  if (seen.has(client)) return [];
  seen.add(client);
  const names = new Set<string>();
  for (
    let at: object | null = client;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  const others =
    /^(_.*|constructor|extend|child|close|transport|helpers|name|diagnostic|serializer|\w*[pP]ool|on|off|once|emit)$/;
  return [...names].flatMap((name): readonly (readonly [Call, object])[] => {
    if (others.test(name)) return [];
    const member: unknown = Reflect.get(client, name);
    if (isCall(member)) return [[member, client]];
    return isObject(member) ? callsOf(member, seen) : [];
  });
}

/** Calls a client's functions with every choice of the path's variables and notes what they would send. */
class Requests {
  readonly #noted = new Set<string>();

  note = ({ method, path }: { readonly method: string; readonly path: string }) => {
    this.#noted.add(`${method} ${decodeURIComponent(path)}`);
    return Promise.resolve({ body: {}, headers: {}, statusCode: 200 });
  };

  makeAll(call: Call, owner: object): void {
    const source = Function.prototype.toString.call(call);
    const found = source.matchAll(/parsePathParam\((\w+)\)|encodeURIComponent\((?:params\.)?(\w+)/g);
    const variables = [...new Set([...found].map(([, first, second]) => first ?? second ?? ""))];
    for (let chosen = 0; chosen < 2 ** variables.length; chosen++) {
      const parts = variables.filter((_, i) => chosen & (2 ** i)).map((name) => [name, `{${name}}`]);
      for (const more of [{}, { body: {} }]) {
        // A function refuses a path that lacks a variable: there is no such endpoint.
        try {
          const made: unknown = call.call(owner, { ...Object.fromEntries(parts), ...more }, {}, () => {});
          if (made instanceof Promise) made.catch(() => undefined);
        } catch {}
      }
    }
  }

  /** Without paths that were made from a variable that was not given. */
  noted(): PublishedEndpoints {
    return new Set([...this.#noted].filter((line) => !line.includes("undefined")));
  }
}

const specificationSchema = v.record(
  v.string(),
  v.object({
    url: v.object({ paths: v.array(v.object({ path: v.string(), methods: v.array(v.string()) })) }),
  }),
);

/**
 * Elasticsearch's own specification of its REST interface, fetched with Maven.
 * @returns why there is none, where Maven cannot fetch it.
 */
export async function ofSpecification(version: string): Promise<PublishedEndpoints | string> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-rest-"));
  try {
    const artifact = `org.elasticsearch:rest-api-spec:${version}`;
    const copy = ["-B", "-q", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
    await run("mvn", copy);
    await run("unzip", [
      "-q",
      join(folder, `rest-api-spec-${version}.jar`),
      "rest-api-spec/api/*",
      "-d",
      folder,
    ]);
    const api = join(folder, "rest-api-spec", "api");
    const found = new Set<string>();
    for (const file of await readdir(api)) {
      if (file.startsWith("_")) continue;
      const specification = v.parse(specificationSchema, JSON.parse(await readFile(join(api, file), "utf8")));
      for (const { url } of Object.values(specification)) {
        for (const { path, methods } of url.paths)
          for (const method of methods) found.add(`${method} ${path}`);
      }
    }
    return found;
  } catch (error) {
    return `Maven could not fetch the specification of ${version}: ${String(error).slice(0, 300)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
