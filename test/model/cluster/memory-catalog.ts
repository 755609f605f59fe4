import type { ClusterResponse } from "../../../functions/core/cluster/port.ts";
import type { Random } from "../random.ts";
import { type Failure, isObject, type JsonObject, matches, parseJson } from "./json.ts";
import { badName, createIndex, type IndexRequest, type MemoryIndex } from "./memory-index.ts";
import type { WriteRequest } from "./memory-write.ts";

/** All indices of one cluster, with their aliases and pipelines. */
export interface MemoryCatalog {
  readonly indices: ReadonlyMap<string, MemoryIndex>;
  create(name: string, request: IndexRequest): MemoryIndex | Failure;
  remove(name: string): void;
  /** The indices that a multi-target expression names; an alias stands for its indices. */
  find(expression: string): readonly MemoryIndex[];
  /** Where a write goes, created when it may be, with the routing that an alias adds. */
  targetOf(
    request: WriteRequest,
  ): { readonly index: MemoryIndex; readonly routing: string | undefined } | Failure;
  setPipeline(name: string, fields: JsonObject): void;
  /** Asked before each document write: an error of the item's own, and the write does not happen. */
  setItemFault(fault: () => Failure | undefined): void;
  itemFault(): Failure | undefined;
  /** An answer that was given before to the same question of the same state, or one that is made now. */
  answered(question: string, make: () => ClusterResponse): ClusterResponse;
  /** The document's text as the pipelines leave it. */
  throughPipeline(index: MemoryIndex, named: string | undefined, source: string): string | Failure;
}

export interface CatalogOptions {
  readonly autoCreate: boolean;
  readonly random: Random;
  readonly now: () => number;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export function createCatalog({ autoCreate, random, now }: CatalogOptions): MemoryCatalog {
  const indices = new Map<string, MemoryIndex>();
  const pipelines = new Map<string, JsonObject>();
  const answers = new Map<string, ClusterResponse>();
  let fault: () => Failure | undefined = () => undefined;

  function holders(name: string): readonly MemoryIndex[] {
    const index = indices.get(name);
    return index === undefined ? [...indices.values()].filter(({ aliases }) => aliases.has(name)) : [index];
  }

  function create(name: string, request: IndexRequest): MemoryIndex | Failure {
    const bad = badName(name);
    if (bad !== undefined) return bad;
    if (indices.has(name)) {
      const reason = `index [${name}] already exists`;
      return { status: 400, type: "resource_already_exists_exception", reason };
    }
    if (holders(name).length > 0) {
      const reason = `Invalid index name [${name}], already exists as alias`;
      return { status: 400, type: "invalid_index_name_exception", reason };
    }
    const taken = [...request.aliases.keys()].find((alias) => indices.has(alias));
    if (taken !== undefined) {
      const reason = `Invalid alias name [${taken}]: an index or data stream exists with the same name as the alias`;
      return { status: 400, type: "invalid_alias_name_exception", reason };
    }
    const uuid = Array.from({ length: 22 }, () => letters[random.whole(0, 63)]).join("");
    const index = createIndex(name, uuid, now(), request);
    indices.set(name, index);
    return index;
  }

  return {
    indices,
    create,
    remove: (name) => void indices.delete(name),
    find(expression) {
      const found = new Set<MemoryIndex>();
      for (const part of expression.split(",")) {
        for (const index of indices.values()) {
          if (isNamed(index, part)) found.add(index);
        }
      }
      return [...found];
    },
    targetOf(request) {
      const holding = holders(request.index);
      const [first] = holding;
      if (first === undefined) {
        const external = request.condition.kind === "external" || request.condition.kind === "external_gte";
        if (!autoCreate || (request.action === "delete" && !external)) {
          const bad = badName(request.index);
          if (bad !== undefined && autoCreate) return bad;
          const reason = `no such index [${request.index}]`;
          return { status: 404, type: "index_not_found_exception", reason };
        }
        const created = create(request.index, { settings: new Map(), mappings: {}, aliases: new Map() });
        return "type" in created ? created : { index: created, routing: request.routing };
      }
      const index =
        holding.length === 1
          ? first
          : holding.find(({ aliases }) => aliases.get(request.index)?.["is_write_index"] === true);
      if (index === undefined) {
        const reason = `no write index is defined for alias [${request.index}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index`;
        return { status: 400, type: "illegal_argument_exception", reason };
      }
      const added = index.aliases.get(request.index)?.["index_routing"];
      if (typeof added !== "string") return { index, routing: request.routing };
      if (request.routing === undefined || request.routing === added) return { index, routing: added };
      const reason = `Alias [${request.index}] has index routing associated with it [${added}], and was provided with routing value [${request.routing}], rejecting operation`;
      return { status: 400, type: "illegal_argument_exception", reason };
    },
    setPipeline: (name, fields) => void pipelines.set(name, fields),
    setItemFault(given) {
      fault = given;
    },
    itemFault: () => fault(),
    answered(question, make) {
      let answer = answers.get(question);
      if (answer === undefined) {
        if (answers.size >= 500) answers.clear();
        answer = make();
        answers.set(question, answer);
      }
      return answer;
    },
    throughPipeline(index, named, source) {
      let text = source;
      const first = named ?? index.settings.get("index.default_pipeline") ?? "_none";
      for (const name of [first, index.settings.get("index.final_pipeline") ?? "_none"]) {
        if (name === "_none") continue;
        const fields = pipelines.get(name);
        if (fields === undefined) {
          const reason = `pipeline with id [${name}] does not exist`;
          return { status: 400, type: "illegal_argument_exception", reason };
        }
        const document = parseJson(text);
        if (isObject(document)) text = JSON.stringify({ ...document, ...fields });
      }
      return text;
    },
  };
}

/** Whether one part of a multi-target expression names the index, itself or by an alias. */
function isNamed({ name, aliases }: MemoryIndex, part: string): boolean {
  if (part === "_all" || part === name || aliases.has(part)) return true;
  return part.includes("*") && [name, ...aliases.keys()].some((each) => matches(part, each));
}
