import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { isNewer } from "../../functions/core/replication/version.ts";
import {
  clusterError,
  type FakeAnswer,
  type FakeCluster,
  fakeCluster,
  lineOf,
  textOf,
} from "./fake-cluster.ts";
import { type FakeDefinition, selected } from "./fake-definitions.ts";
import { pageAnswer } from "./fake-primary.ts";

/** One operation of a bulk as BACKUP reads it. */
export interface BackupOperation {
  readonly action: "index" | "delete";
  readonly alias: string;
  readonly id: string;
  readonly version: string;
  readonly source: string | undefined;
}

export interface FakeBackup {
  readonly cluster: FakeCluster;
  /** What it holds, by `alias/id`. */
  readonly documents: Map<string, { readonly version: string; readonly source: string }>;
  /** Its indices: `books`, which stands for incarnation `u1`, unless a test changes them. */
  readonly definitions: Map<string, FakeDefinition>;
  /** The operations of every bulk, in order. */
  readonly bulks: BackupOperation[][];
  /** The changes of definitions that it was asked for, in order: `METHOD /path`. */
  changes(): readonly string[];
  /** Answers an operation instead of executing it; `undefined` executes. */
  refuse(refusal: (operation: BackupOperation) => { status: number; type: string } | undefined): void;
  /** Answers a whole bulk; `undefined` executes. */
  refuseBulk(refusal: (operations: readonly BackupOperation[]) => FakeAnswer | undefined): void;
  /** Answers a change of definitions, by its `METHOD /path` and body; `undefined` executes. */
  refuseChange(refusal: (line: string, body: string) => FakeAnswer | undefined): void;
}

type Documents = FakeBackup["documents"];
type Definitions = FakeBackup["definitions"];

/** A definition with the mark and the alias of an incarnation. */
export function markedDefinition(uuid: string, more: Partial<FakeDefinition> = {}): FakeDefinition {
  const understudy = { uuid, createdMs: 1, shards: 1, routingShards: 1, partitionSize: 1 };
  return {
    mappings: { _meta: { understudy } },
    settings: { "index.number_of_shards": "1" },
    ...more,
    aliases: { [`understudy-I-${uuid}`]: {}, ...more.aliases },
  };
}

/**
 * A BACKUP that executes bulks with external versions and forgets deletions at once, as after
 * `index.gc_deletes`: what keeps a document deleted must be the tombstones.
 */
export function fakeBackup(): FakeBackup {
  const documents: Documents = new Map();
  const definitions: Definitions = new Map([["books", markedDefinition("u1")]]);
  const bulks: BackupOperation[][] = [];
  let refusal: Parameters<FakeBackup["refuse"]>[0] = () => undefined;
  let bulkRefusal: Parameters<FakeBackup["refuseBulk"]>[0] = () => undefined;
  let changeRefusal: Parameters<FakeBackup["refuseChange"]>[0] = () => undefined;

  function bulk(request: ClusterRequest): FakeAnswer {
    const operations = operationsOf(textOf(request));
    bulks.push(operations);
    const refused = bulkRefusal(operations);
    if (refused !== undefined) return refused;
    const items = operations.map((operation) => {
      const answer = refusal(operation);
      if (answer === undefined) return execute(operation, documents);
      const { status, type } = answer;
      return { [operation.action]: { status, error: { type, reason: `refused ${operation.id}` } } };
    });
    const errors = items.some((item) => Object.values(item).some((each) => "error" in each));
    return { body: { errors, items } };
  }

  const cluster = fakeCluster("backup", (request): FakeAnswer => {
    const { path } = request;
    if (path === "/_mget") return { body: mget(textOf(request), documents, definitions) };
    if (path.endsWith("/_bulk")) return bulk(request);
    if (path.endsWith("/_refresh")) return {};
    if (path.endsWith("/_count")) return { body: { count: documents.size, _shards: { failed: 0 } } };
    if (isRead(request)) return read(request, documents, definitions);
    return changeRefusal(lineOf(request), textOf(request)) ?? change(request, definitions);
  });

  return {
    cluster,
    documents,
    definitions,
    bulks,
    changes: () =>
      cluster.requests
        .filter((request) => !isRead(request) && !/\/_(mget|bulk)$/.test(request.path))
        .map(lineOf),
    refuse(next) {
      refusal = next;
    },
    refuseBulk(next) {
      bulkRefusal = next;
    },
    refuseChange(next) {
      changeRefusal = next;
    },
  };
}

function execute(operation: BackupOperation, documents: Documents) {
  const place = `${operation.alias}/${operation.id}`;
  const held = documents.get(place);
  if (held !== undefined && !isNewer(operation.version, held.version)) {
    const error = { type: "version_conflict_engine_exception", reason: "older" };
    return { [operation.action]: { status: 409, error } };
  }
  if (operation.source === undefined) documents.delete(place);
  else documents.set(place, { version: operation.version, source: operation.source });
  const gone = operation.source === undefined && held === undefined;
  return { [operation.action]: { status: gone ? 404 : 200 } };
}

/** Documents are addressed by the incarnation's alias; a read may name the index that has it. */
function aliasOf(name: string, definitions: Definitions): string {
  const aliases = Object.keys(definitions.get(name)?.aliases ?? {});
  return aliases.find((alias) => alias.startsWith("understudy-I-")) ?? name;
}

function mget(text: string, documents: Documents, definitions: Definitions): string {
  const { docs }: { docs: { _index: string; _id: string }[] } = JSON.parse(text);
  const rows = docs.map(({ _index, _id }) => {
    const held = documents.get(`${aliasOf(_index, definitions)}/${_id}`);
    const head = `"_index":${JSON.stringify(_index)},"_id":${JSON.stringify(_id)}`;
    if (held === undefined) return `{${head},"found":false}`;
    // As digits: versions are above 2^53.
    return `{${head},"found":true,"_version":${held.version},"_seq_no":1,"_primary_term":1}`;
  });
  return `{"docs":[${rows.join(",")}]}`;
}

function isRead({ method, path }: ClusterRequest): boolean {
  return method === "GET" || /\/_(search|refresh)$/.test(path);
}

let sequence = 0;
const sequenceNumbers = new WeakMap<object, number>();

/** Each write has a number of its own, above those before it. */
function sequenceNumberOf(held: object | undefined): number {
  if (held === undefined) return -1;
  const number = sequenceNumbers.get(held) ?? sequence++;
  sequenceNumbers.set(held, number);
  return number;
}

function read(request: ClusterRequest, documents: Documents, definitions: Definitions): FakeAnswer {
  const [, name = "", api, , names = ""] = request.path.split("/");
  if (name === "_cluster") {
    const states = selected(definitions, names).map(([index, { closed }]) => [
      index,
      { state: closed ? "close" : "open" },
    ]);
    return { body: { metadata: { indices: Object.fromEntries(states) } } };
  }
  const found = selected(definitions, name);
  if (api === undefined) return { body: Object.fromEntries(found) };
  const [index, definition] = found[0] ?? [];
  if (index === undefined) return clusterError(404, "index_not_found_exception");
  const prefix = `${aliasOf(index, definitions)}/`;
  const ids = [...documents.keys()].flatMap((place) =>
    place.startsWith(prefix) ? [place.slice(prefix.length)] : [],
  );
  if (api === "_refresh") return {};
  const rows = ids.map((id) => {
    const seqNo = sequenceNumberOf(documents.get(prefix + id));
    return { id, routing: undefined, seqNo, term: 1 };
  });
  return pageAnswer(request, rows, Number(definition?.settings["index.number_of_shards"] ?? 1));
}

function change(request: ClusterRequest, definitions: Definitions): FakeAnswer {
  const { method } = request;
  const [, name = "", api, alias] = decodeURIComponent(request.path).split("/");
  const body = textOf(request) === "" ? {} : JSON.parse(textOf(request));
  if (name === "_aliases") return changeAliases(body.actions, definitions);
  if (method === "DELETE" && api === undefined) {
    return definitions.delete(name) ? {} : clusterError(404, "index_not_found_exception");
  }
  const present = definitions.get(name);
  if (api === undefined) {
    if (present !== undefined) return clusterError(400, "resource_already_exists_exception");
    definitions.set(name, { aliases: {}, mappings: {}, settings: {}, ...body });
    return {};
  }
  if (present === undefined) return clusterError(404, "index_not_found_exception");
  if (api === "_mapping") Object.assign(present.mappings, body);
  else if (api === "_settings") Object.assign(present.settings, body);
  else if (api === "_alias" && alias !== undefined) present.aliases[alias] = {};
  else if (api === "_open" || api === "_close") present.closed = api === "_close";
  else return clusterError(400, "unexpected");
  return {};
}

interface AliasAction {
  readonly add?: { readonly index: string; readonly alias: string };
  readonly remove?: { readonly index: string; readonly alias: string };
}

function changeAliases(actions: readonly AliasAction[], definitions: Definitions): FakeAnswer {
  for (const { add, remove } of actions) {
    if (remove !== undefined) delete definitions.get(remove.index)?.aliases[remove.alias];
    if (add === undefined) continue;
    const { index, alias, ...body } = add;
    const present = definitions.get(index);
    if (present === undefined) return clusterError(404, "index_not_found_exception");
    present.aliases[alias] = body;
  }
  return {};
}

function operationsOf(text: string): BackupOperation[] {
  const operations: BackupOperation[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length - 1; at++) {
    const line = JSON.parse(lines[at] ?? "");
    const action = "delete" in line ? "delete" : "index";
    const { _index, _id, version } = line[action];
    const source = action === "index" ? lines[++at] : undefined;
    operations.push({ action, alias: _index, id: _id, version, source });
  }
  return operations;
}
