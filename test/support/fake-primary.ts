import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { shardOf } from "../../functions/core/replication/shard.ts";
import { clusterError, type FakeAnswer, type FakeCluster, fakeCluster, textOf } from "./fake-cluster.ts";
import { type FakeDefinition, selected } from "./fake-definitions.ts";

interface FakeDocument {
  seqNo: number | string;
  term: number;
  /** `undefined`: the index keeps none. */
  source: string | undefined;
  routing?: string;
}

/** One index of a fake PRIMARY; a test changes its members. */
export interface FakeIndex extends FakeDefinition {
  uuid: string;
  createdMs: number;
  mappingVersion: number;
  /** Primary term of each shard: as many as there are shards. */
  terms: number[];
  progress: { max: number; checkpoint: number }[];
  documents: Map<string, FakeDocument>;
  /** Ids that it cannot read now, as while their shard recovers. */
  unreadable: Set<string>;
}

export type PrimaryQuestion = "state" | "stats" | "mget" | "definition" | "page" | "tasks" | "other";

export interface FakePrimary {
  readonly cluster: FakeCluster;
  /** What it was asked, in order. */
  asked(): readonly PrimaryQuestion[];
  /** Runs before the answer, with how often it was asked that. */
  onAsked(question: PrimaryQuestion, run: (times: number) => void): void;
  index(name: string): FakeIndex;
  indices: Map<string, FakeIndex>;
  /** Action names of the tasks that it runs. */
  tasks: Set<string>;
}

/** A PRIMARY that answers what replay asks: state, progress, documents, definitions, pages, tasks. */
export function fakePrimary(
  indices: Readonly<Record<string, Partial<FakeIndex> & { uuid: string }>>,
): FakePrimary {
  const known = new Map(Object.entries(indices).map(([name, given]) => [name, fakeIndex(given)]));
  const tasks = new Set<string>();
  const asked: PrimaryQuestion[] = [];
  const hooks = new Map<PrimaryQuestion, (times: number) => void>();
  const cluster = fakeCluster("primary", (request) => {
    const question = questionOf(request);
    asked.push(question);
    hooks.get(question)?.(asked.filter((each) => each === question).length);
    if (question === "tasks") return { body: tasksOf(tasks) };
    return answerOf(question, request, known);
  });
  return {
    cluster,
    indices: known,
    tasks,
    asked: () => asked,
    onAsked: (question, run) => void hooks.set(question, run),
    index(name) {
      const found = known.get(name);
      if (found === undefined) throw new Error(`no index [${name}]`);
      return found;
    },
  };
}

/** An index with one shard and without documents, where nothing else is given. */
export function fakeIndex(given: Partial<FakeIndex> & { uuid: string }): FakeIndex {
  return {
    createdMs: 0,
    mappingVersion: 1,
    terms: [1],
    progress: [],
    documents: new Map(),
    unreadable: new Set(),
    aliases: {},
    mappings: {},
    settings: {},
    ...given,
  };
}

function questionOf({ method, path }: ClusterRequest): PrimaryQuestion {
  if (path.startsWith("/_cluster/state/")) return "state";
  if (path.endsWith("/_stats")) return "stats";
  if (path === "/_mget") return "mget";
  if (path === "/_tasks") return "tasks";
  if (path.endsWith("/_search")) return "page";
  return method === "GET" ? "definition" : "other";
}

function answerOf(
  question: PrimaryQuestion,
  request: ClusterRequest,
  indices: ReadonlyMap<string, FakeIndex>,
): FakeAnswer {
  const parts = request.path.split("/");
  const named = (at: number) => selected(indices, parts[at] ?? "");
  switch (question) {
    case "state":
      return { body: { cluster_name: "fake", metadata: { indices: membersOf(named(4), stateOf) } } };
    case "stats":
      return { body: { indices: membersOf(named(1), statsOf) } };
    case "definition":
      return { body: membersOf(named(1), definitionOf) };
    case "mget":
      return { body: `{"docs":[${docsOf(request, indices).join(",")}]}` };
    case "page": {
      const [, index] = named(1)[0] ?? [];
      return index === undefined ? clusterError(404, "index_not_found_exception") : pageOf(request, index);
    }
    case "tasks":
    case "other":
      return {};
  }
}

function membersOf<T>(indices: readonly (readonly [string, FakeIndex])[], of: (index: FakeIndex) => T) {
  return Object.fromEntries(indices.map(([name, index]) => [name, of(index)]));
}

function definitionOf(index: FakeIndex): FakeDefinition {
  const { uuid, createdMs, terms, aliases, mappings, settings, data_stream } = index;
  const own = {
    "index.uuid": uuid,
    "index.creation_date": String(createdMs),
    "index.number_of_shards": String(terms.length),
  };
  return { aliases, mappings, settings: { ...own, ...settings }, ...(data_stream && { data_stream }) };
}

function stateOf(index: FakeIndex) {
  return {
    state: index.closed ? "close" : "open",
    mapping_version: index.mappingVersion,
    routing_num_shards: index.terms.length,
    primary_terms: Object.fromEntries(index.terms.map((term, shard) => [shard, term])),
    settings: {
      index: {
        uuid: index.uuid,
        creation_date: String(index.createdMs),
        number_of_shards: String(index.terms.length),
      },
    },
  };
}

function statsOf({ progress }: FakeIndex) {
  const shards = progress.map(({ max, checkpoint }, shard) => {
    const seq_no = { max_seq_no: max, global_checkpoint: checkpoint };
    const replica = { routing: { primary: false }, seq_no: { max_seq_no: 0, global_checkpoint: 0 } };
    return [shard, [replica, { routing: { primary: true }, seq_no }]];
  });
  return { shards: Object.fromEntries(shards) };
}

function docsOf(request: ClusterRequest, indices: ReadonlyMap<string, FakeIndex>): readonly string[] {
  const { docs }: { docs: { _index: string; _id: string }[] } = JSON.parse(textOf(request));
  return docs.map(({ _index, _id }) => {
    const head = `"_index":${JSON.stringify(_index)},"_id":${JSON.stringify(_id)}`;
    const index = indices.get(_index);
    if (index === undefined) return `{${head},"error":{"type":"index_not_found_exception","reason":"x"}}`;
    if (index.unreadable.has(_id)) {
      return `{${head},"error":{"type":"no_shard_available_action_exception","reason":"it recovers"}}`;
    }
    const document = index.documents.get(_id);
    if (document === undefined) return `{${head},"found":false}`;
    const { seqNo, term, source, routing } = document;
    const routed = routing === undefined ? "" : `,"_routing":${JSON.stringify(routing)}`;
    const kept = source === undefined ? "" : `,"_source":${source}`;
    return `{${head}${routed},"_version":1,"_seq_no":${seqNo},"_primary_term":${term},"found":true${kept}}`;
  });
}

function pageOf(request: ClusterRequest, index: FakeIndex): FakeAnswer {
  const shards = index.terms.length;
  const rows = [...index.documents].map(([id, { seqNo, term, routing }]) => {
    return { id, routing, seqNo: Number(seqNo), term };
  });
  return pageAnswer(request, rows, shards);
}

interface PageRow {
  readonly id: string;
  readonly routing: string | undefined;
  readonly seqNo: number;
  readonly term: number;
}

/** What a search for one page of one shard answers, by sequence number. */
export function pageAnswer(request: ClusterRequest, rows: readonly PageRow[], shards: number): FakeAnswer {
  const asked = JSON.parse(textOf(request));
  const shard = Number(/_shards:(\d+)/.exec(request.query ?? "")?.[1]);
  const layout = { shards, routingShards: shards, partitionSize: 1 };
  const hits = rows
    .filter(({ id, routing }) => shardOf(id, routing, layout) === shard)
    .filter(({ seqNo }) => seqNo > asked.query.range._seq_no.gt)
    .sort((a, b) => a.seqNo - b.seqNo)
    .slice(0, asked.size)
    .map(({ id, routing, seqNo, term }) => ({
      _id: id,
      ...(routing !== undefined && { _routing: routing }),
      _seq_no: seqNo,
      _primary_term: term,
    }));
  return { body: { timed_out: false, _shards: { failed: 0 }, hits: { hits } } };
}

function tasksOf(actions: ReadonlySet<string>) {
  if (actions.size === 0) return {};
  return { nodes: { n1: { tasks: Object.fromEntries([...actions].map((action) => [action, { action }])) } } };
}
