import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { type FakeAnswer, type FakeCluster, fakeCluster, textOf } from "./fake-cluster.ts";

/** One index of a fake PRIMARY; a test changes its members. */
export interface FakeIndex {
  uuid: string;
  createdMs: number;
  mappingVersion: number;
  /** Primary term of each shard: as many as there are shards. */
  terms: number[];
  progress: { max: number; checkpoint: number }[];
  documents: Map<string, { seqNo: number | string; term: number; source: string; routing?: string }>;
}

export type PrimaryQuestion = "state" | "stats" | "mget" | "definition" | "other";

export interface FakePrimary {
  readonly cluster: FakeCluster;
  /** What it was asked, in order. */
  asked(): readonly PrimaryQuestion[];
  /** Runs before the answer, with how often it was asked that. */
  onAsked(question: PrimaryQuestion, run: (times: number) => void): void;
  index(name: string): FakeIndex;
  indices: Map<string, FakeIndex>;
}

/** A PRIMARY that answers what replay asks: state, progress, documents, definitions. */
export function fakePrimary(
  indices: Readonly<Record<string, Partial<FakeIndex> & { uuid: string }>>,
): FakePrimary {
  const known = new Map(Object.entries(indices).map(([name, given]) => [name, complete(given)]));
  const asked: PrimaryQuestion[] = [];
  const hooks = new Map<PrimaryQuestion, (times: number) => void>();
  const cluster = fakeCluster("primary", (request) => {
    const question = questionOf(request);
    asked.push(question);
    hooks.get(question)?.(asked.filter((each) => each === question).length);
    return answerOf(question, request, known);
  });
  return {
    cluster,
    indices: known,
    asked: () => asked,
    onAsked: (question, run) => void hooks.set(question, run),
    index(name) {
      const found = known.get(name);
      if (found === undefined) throw new Error(`no index [${name}]`);
      return found;
    },
  };
}

function complete(given: Partial<FakeIndex> & { uuid: string }): FakeIndex {
  return { createdMs: 0, mappingVersion: 1, terms: [1], progress: [], documents: new Map(), ...given };
}

function questionOf({ method, path }: ClusterRequest): PrimaryQuestion {
  if (path.startsWith("/_cluster/state/")) return "state";
  if (path.endsWith("/_stats")) return "stats";
  if (path === "/_mget") return "mget";
  return method === "GET" ? "definition" : "other";
}

function answerOf(
  question: PrimaryQuestion,
  request: ClusterRequest,
  indices: ReadonlyMap<string, FakeIndex>,
): FakeAnswer {
  const named = (name: string) => [...indices].filter(([each]) => name.split(",").includes(each));
  switch (question) {
    case "state": {
      const wanted = named(decodeURIComponent(request.path.split("/")[4] ?? ""));
      return { body: { metadata: { indices: Object.fromEntries(wanted.map(([n, i]) => [n, stateOf(i)])) } } };
    }
    case "stats": {
      const wanted = named(decodeURIComponent(request.path.split("/")[1] ?? ""));
      return { body: { indices: Object.fromEntries(wanted.map(([n, i]) => [n, statsOf(i)])) } };
    }
    case "definition": {
      const wanted = named(decodeURIComponent(request.path.slice(1)));
      return {
        body: Object.fromEntries(wanted.map(([n]) => [n, { aliases: {}, mappings: {}, settings: {} }])),
      };
    }
    case "mget":
      return { body: `{"docs":[${docsOf(request, indices).join(",")}]}` };
    case "other":
      return {};
  }
}

function stateOf(index: FakeIndex) {
  return {
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
    const document = index.documents.get(_id);
    if (document === undefined) return `{${head},"found":false}`;
    const { seqNo, term, source, routing } = document;
    const routed = routing === undefined ? "" : `,"_routing":${JSON.stringify(routing)}`;
    return `{${head}${routed},"_version":1,"_seq_no":${seqNo},"_primary_term":${term},"found":true,"_source":${source}}`;
  });
}
