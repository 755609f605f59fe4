import assert from "node:assert/strict";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import type { MemoryCluster } from "./cluster/memory-cluster.ts";
import { createScene, type Scene, type SceneConsumer } from "./three-operations.ts";

/**
 * What clients do before a consumer takes up one of the records, and while it stands still. `UNHEARD` is a write whose
 * answer nobody hears: PRIMARY executes it, and a look is queued.
 */
export interface Story {
  readonly what: string;
  /** What was replicated long ago. */
  readonly early?: readonly string[];
  readonly before: readonly string[];
  readonly meanwhile: readonly string[];
  /** Indices that a person deletes on BACKUP in between. */
  readonly dropped?: readonly string[];
}

const aliases = (...actions: readonly object[]) => `POST /_aliases ${JSON.stringify({ actions })}`;
const document = (index: string, id: string, n: number) => `PUT /${index}/_doc/${id} {"n":${n}}`;
const recreated = ["DELETE /books", "PUT /books {}", document("books", "b", 7)];

export const stories: readonly Story[] = [
  { what: "an index that was made again", before: recreated, meanwhile: [] },
  { what: "an index that is made again", before: [document("books", "a", 9)], meanwhile: recreated },
  {
    what: "an index that is deleted",
    before: ["PUT /films {}", document("films", "a", 1)],
    meanwhile: ["DELETE /films"],
  },
  {
    what: "an index that was closed and is opened",
    before: [document("books", "a", 7), "POST /books/_close"],
    meanwhile: ["POST /books/_open", document("books", "b", 8)],
  },
  {
    what: "an index that was closed after a write whose answer nobody heard, and is opened",
    before: ['UNHEARD /books/_doc/a {"n":8}', "POST /books/_close"],
    meanwhile: ["POST /books/_open"],
  },
  {
    what: "a document whose write nobody heard of, and that is deleted and written again",
    before: ['UNHEARD /books/_doc/b {"n":8}', "DELETE /books/_doc/a"],
    meanwhile: ["DELETE /books/_doc/b", document("books", "a", 9), document("books", "b", 10)],
  },
  {
    what: "an index that is made again after a write that nobody heard of",
    before: ['UNHEARD /books/_doc/a {"n":8}'],
    meanwhile: recreated,
  },
  {
    what: "an index that was closed and is made again",
    before: [document("books", "a", 7), "POST /books/_close"],
    meanwhile: recreated,
  },
  {
    what: "an index that BACKUP has lost and that is closed",
    before: [document("books", "a", 7)],
    meanwhile: ["POST /books/_close"],
    dropped: ["books"],
  },
  {
    what: "an index that BACKUP has lost and that is made again",
    before: [document("books", "a", 7), "DELETE /books/_doc/a"],
    meanwhile: recreated,
    dropped: ["books"],
  },
  {
    what: "a routed document that is updated and deleted",
    early: ['PUT /films {"settings":{"index.number_of_shards":3}}', 'PUT /films/_doc/a?routing=r1 {"n":1}'],
    before: ['POST /films/_update/a?routing=r1 {"doc":{"u":1}}'],
    meanwhile: ["DELETE /films/_doc/a?routing=r1", 'PUT /films/_doc/a?routing=r2 {"n":2}'],
  },
  {
    what: "an index that is closed",
    before: [document("books", "a", 7)],
    meanwhile: ["POST /books/_close"],
  },
  {
    what: "an index that was opened and is closed, and opened at last",
    before: ["POST /books/_close", "POST /books/_open"],
    meanwhile: ["POST /books/_close", "POST /books/_open", document("books", "a", 8)],
  },
  {
    what: "a mapping that grows",
    before: ['PUT /books/_mapping {"properties":{"f":{"type":"keyword"}}}'],
    meanwhile: ['PUT /books/_mapping {"properties":{"g":{"type":"date"}}}', document("books", "a", 8)],
  },
  {
    what: "an index that BACKUP has lost",
    early: [aliases({ add: { index: "books", alias: "shelf" } })],
    before: [document("books", "b", 8)],
    meanwhile: [],
    dropped: ["books"],
  },
  {
    what: "a setting that was changed and is reset",
    before: ['PUT /books/_settings {"index.refresh_interval":"9s"}'],
    meanwhile: ['PUT /books/_settings {"index.refresh_interval":null}'],
  },
  {
    what: "a mapping that was strict and is dynamic again",
    before: ['PUT /books/_mapping {"dynamic":"strict"}'],
    meanwhile: ['PUT /books/_mapping {"dynamic":"true"}', 'PUT /books/_doc/a {"new":1}'],
  },
  {
    what: "a document that is deleted",
    before: [document("books", "b", 7)],
    meanwhile: ["DELETE /books/_doc/b"],
  },
  {
    what: "a deletion by query, and documents that are written again",
    early: [document("books", "b", 7), "POST /books/_refresh"],
    before: ['POST /books/_delete_by_query {"query":{"ids":{"values":["a","b"]}}}'],
    meanwhile: [document("books", "b", 8), "DELETE /books/_doc/b", document("books", "a", 9)],
  },
  {
    what: "a deletion by query in an index that is closed and opened",
    early: ["POST /books/_refresh"],
    before: ['POST /books/_delete_by_query {"query":{"ids":{"values":["a"]}}}'],
    meanwhile: ["POST /books/_close", "POST /books/_open"],
  },
  {
    what: "a deletion by query in an index that is made again",
    early: ["POST /books/_refresh"],
    before: ['POST /books/_delete_by_query {"query":{"ids":{"values":["a"]}}}'],
    meanwhile: recreated,
  },
  {
    what: "a deletion by query through an alias that moves",
    early: [
      "PUT /films {}",
      document("films", "a", 1),
      aliases({ add: { index: "books", alias: "shelf" } }),
      "POST /_refresh",
    ],
    before: ['POST /shelf/_delete_by_query {"query":{"ids":{"values":["a"]}}}'],
    meanwhile: [
      aliases({ remove: { index: "books", alias: "shelf" } }, { add: { index: "films", alias: "shelf" } }),
    ],
  },
  {
    what: "an alias that moves to another index, and back",
    early: ["PUT /films {}", aliases({ add: { index: "books", alias: "shelf" } })],
    before: [
      aliases(
        { remove: { index: "books", alias: "shelf" } },
        { add: { index: "films", alias: "shelf", is_write_index: true } },
      ),
    ],
    meanwhile: [
      aliases(
        { remove: { index: "films", alias: "shelf" } },
        { add: { index: "books", alias: "shelf", is_write_index: true } },
      ),
      document("shelf", "c", 5),
    ],
  },
  {
    what: "an index whose name becomes an alias",
    early: ["PUT /films {}"],
    before: [document("books", "b", 7), "DELETE /books"],
    meanwhile: [aliases({ add: { index: "films", alias: "books" } }), document("books", "c", 5)],
  },
  {
    what: "an alias whose name becomes an index",
    early: ["PUT /films {}", aliases({ add: { index: "films", alias: "shelf" } })],
    before: [aliases({ remove: { index: "films", alias: "shelf" } })],
    meanwhile: ["PUT /shelf {}", document("shelf", "c", 5)],
  },
  {
    what: "an alias that was added and is removed",
    before: [aliases({ add: { index: "books", alias: "shelf" } })],
    meanwhile: [aliases({ remove: { index: "books", alias: "shelf" } })],
  },
];

/** BACKUP holds what PRIMARY has, and the consumer that made it so lives on. */
export async function createStory(story: Story, before = story.before) {
  const scene = await createScene(["index", "index", "index"]);
  const other = scene.consumer();
  await drain(scene, other, [...scene.records, ...(await happen(scene, story.early ?? []))]);
  const sent = await happen(scene, before);
  // An index that is dropped in its first minutes is not healed as a whole (docs/simulation.md, "What is not held").
  if (story.dropped !== undefined) scene.forget(1_000_000);
  for (const name of story.dropped ?? []) scene.backup.catalog.remove(name);
  return { scene, other, sent };
}

/** Clients send requests, one after the other, through a writer that sees PRIMARY so. Gives the records. */
export async function happen(
  scene: Scene,
  requests: readonly string[],
  primary?: Cluster,
): Promise<readonly string[]> {
  const sent: string[] = [];
  for (const request of requests) {
    const [method = "", path = "", body = ""] = request.split(/ (.*?)(?: (.*))?$/s);
    if (method === "UNHEARD") {
      scene.primary.execute({ method: "PUT", path, body: Buffer.from(body) }).settle();
      sent.push(lookFor(path.split("/").at(-1) ?? ""));
    } else {
      await scene.request(method, path, body, primary);
      sent.push(...scene.takeSent());
    }
  }
  return sent;
}

function lookFor(id: string): string {
  const head = { schema: 1, writtenAtMs: 0, body: { encoding: "none" }, kind: "reconcile" };
  return `${JSON.stringify({ ...head, reason: "unheard", keys: [["books", id, null]], looksLeft: 0 })}\n`;
}

/** Another consumer handles messages, and what they lead to. Gives those that still wait after some rounds. */
export async function handle(
  scene: Scene,
  other: SceneConsumer,
  messages: readonly string[],
  roundsMax = 12,
): Promise<readonly string[]> {
  let left = messages;
  for (let rounds = 0; left.length > 0 && rounds < roundsMax; rounds++) {
    const again: string[] = [];
    for (const message of left) {
      const [end] = await other.replay(message, 2);
      if (end?.kind === "retry") again.push(message);
    }
    // Longer than `index.gc_deletes`: BACKUP forgets deletions.
    scene.forget(70_000);
    left = [...again, ...scene.takeSent()];
  }
  return left;
}

/** The same until nothing is left. */
export async function drain(scene: Scene, other: SceneConsumer, messages: readonly string[]): Promise<void> {
  assert.deepEqual(await handle(scene, other, messages), [], "these never come to an end");
}

/** Both clusters are equal now, and when what is closed was opened: what a closed index holds may be behind. */
export async function assertEqual(scene: Scene, other: SceneConsumer, what: string): Promise<void> {
  const indices = [...scene.primary.catalog.indices.values()];
  const closed = indices.filter((index) => index.closed).map(({ name }) => name);
  for (const name of closed) assert.equal(scene.backup.catalog.indices.get(name)?.closed, true, what);
  const opened = closed.map((name) => `POST /${name}/_open`);
  await drain(scene, other, await happen(scene, opened));
  assert.deepEqual(contents(scene.backup), contents(scene.primary), what);
}

function contents({ catalog }: MemoryCluster): unknown {
  const own = [...catalog.indices.values()].filter(({ name }) => !name.startsWith("understudy-"));
  return own.map(({ name, closed, mapping, settings, aliases, shards }) => ({
    name,
    closed,
    fields: mapping.definition["properties"],
    dynamic: mapping.definition["dynamic"],
    refreshed: settings.get("index.refresh_interval"),
    aliases: [...aliases].filter(([alias]) => !alias.startsWith("understudy-")),
    documents: shards.flatMap((shard) => shard.documents().map(({ id, source }) => [id, source])).sort(),
  }));
}
