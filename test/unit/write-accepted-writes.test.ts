import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../functions/core/bulk/outcome.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { bytesOf, sliceOf } from "../../functions/core/replication/record.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import {
  type AcceptedWrites,
  type AnsweredOperation,
  acceptedWrites,
} from "../../functions/write/accepted-writes.ts";
import { beginRequest } from "../../functions/write/sightings.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import { fakeCatalog, fakeWriteServices } from "../support/fake-write-services.ts";

type Written = Extract<Outcome, { kind: "written" }>;

function written(id: string, more: Partial<Written> = {}): Written {
  return {
    kind: "written",
    result: "index",
    index: "books",
    id,
    seqNo: "5",
    primaryTerm: "2",
    source: undefined,
    ...more,
  };
}

function operation(outcome: Outcome, more: Partial<AnsweredOperation> = {}): AnsweredOperation {
  const id = outcome.kind === "written" ? outcome.id : "1";
  const key = { index: "books", id, routing: undefined };
  return { key, outcome, document: sliceOf(Buffer.from('{"n":1}')), namesPipeline: false, ...more };
}

const firstDocument = (groups: AcceptedWrites["byIncarnation"]) => {
  const document = groups[0]?.operations[0]?.document;
  return document && bytesOf(document).toString();
};

const version = (seqNo: string, term = "2") => encodeVersion("books", 1, term, seqNo);

/** PRIMARY's `_mget`: document 1 as it is stored now, nothing else. */
const stored = {
  body: '{"docs":[{"_index":"books","_id":"1","_routing":"r","_version":4,"_seq_no":9,"_primary_term":3,"found":true,"_source":{"n":9007199254740993}}]}',
};

/** As PRIMARY answered to the write that stored it. */
const asStored = { seqNo: "9", primaryTerm: "3" };

/** PRIMARY's `GET /{index}`, reduced to an index's other names. */
const namesOf = (index: string, ...aliases: readonly string[]) => ({
  body: { [index]: { aliases: Object.fromEntries(aliases.map((alias) => [alias, {}])) } },
});

test("acceptedWrites() makes one group for each index, by its concrete name", async () => {
  const { services } = fakeWriteServices(({ path }) => namesOf(path.slice(1), "alias", "books"));
  const { byIncarnation, unknown } = await acceptedWrites(
    [
      operation(written("1", { index: "books-2" }), {
        key: { index: "alias", id: "1", routing: "r" },
      }),
      operation(written("2", { result: "delete", index: "books-1", seqNo: "6" })),
      operation(written("3", { index: "books-2", seqNo: "7" })),
    ],
    services,
  );
  assert.deepEqual(unknown, []);
  assert.deepEqual(
    byIncarnation.map(({ incarnation, operations }) => [incarnation.index, operations]),
    [
      [
        "books-2",
        [
          { id: "1", routing: "r", version: version("5"), document: sliceOf(Buffer.from('{"n":1}')) },
          { id: "3", routing: undefined, version: version("7"), document: sliceOf(Buffer.from('{"n":1}')) },
        ],
      ],
      ["books-1", [{ id: "2", routing: undefined, version: version("6"), document: undefined }]],
    ],
  );
});

test("acceptedWrites() uses the id that PRIMARY used", async () => {
  const { services } = fakeWriteServices(() => ({}));
  const given = operation(written("chosen by PRIMARY"), {
    key: { index: "books", id: "", routing: undefined },
  });
  const { byIncarnation } = await acceptedWrites([given], services);
  assert.equal(byIncarnation[0]?.operations[0]?.id, "chosen by PRIMARY");
});

test("acceptedWrites() adds the routing that the alias gave the write; the request's own wins", async () => {
  const { services, catalog } = fakeWriteServices(() => ({}));
  catalog.says(async (index) => ({
    incarnation: { index, uuid: "u", createdMs: 1 },
    hasPipeline: false,
    aliasRouting: new Map([["alias", "seven"]]),
  }));
  const through = (index: string, routing?: string) =>
    operation(written(`${index} ${routing}`), { key: { index, id: `${index} ${routing}`, routing } });
  const { byIncarnation } = await acceptedWrites(
    [through("alias"), through("alias", "own"), through("books")],
    services,
  );
  assert.deepEqual(
    byIncarnation[0]?.operations.map(({ routing }) => routing),
    ["seven", "own", undefined],
  );
});

test("acceptedWrites() reads an update back where an alias of the index adds a routing, whatever name it came by", async () => {
  const { services, catalog } = fakeWriteServices(() => stored);
  catalog.says(async (index) => ({
    incarnation: { index, uuid: "u", createdMs: 1 },
    hasPipeline: false,
    aliasRouting: new Map([["alias", "r"]]),
  }));
  const update = operation(written("1", { ...asStored, source: { start: 0, end: 7 } }));
  const { byIncarnation } = await acceptedWrites([update], services);
  assert.equal(byIncarnation[0]?.operations[0]?.routing, "r");
});

test("acceptedWrites() asks again who the index is when an operation is the first of a shard's life", async () => {
  const { services, catalog } = fakeWriteServices(() => ({}));
  await acceptedWrites([operation(written("1", { seqNo: "1" }))], services);
  assert.deepEqual(catalog.forgotten, []);
  await acceptedWrites([operation(written("1", { seqNo: "0" }))], services);
  assert.deepEqual(catalog.forgotten, ["books"]);
});

test("acceptedWrites() takes all of an index for unknown when PRIMARY cannot say which incarnation it is", async () => {
  for (const describe of [
    () => Promise.resolve(undefined),
    () => Promise.reject(new ClusterError("primary", "refused", "down")),
  ]) {
    const { services, catalog } = fakeWriteServices(() => ({}));
    catalog.says(describe);
    const { byIncarnation, unknown } = await acceptedWrites(
      [operation(written("1")), operation(written("2", { result: "delete" }))],
      services,
    );
    assert.deepEqual(byIncarnation, []);
    assert.deepEqual(
      unknown.map(({ index, id }) => `${index}/${id}`),
      ["books/1", "books/2"],
    );
  }
});

test("acceptedWrites() takes an update without its resulting document for unknown, never for the request's body", async () => {
  const { services } = fakeWriteServices(() => ({}));
  const { byIncarnation, unknown } = await acceptedWrites(
    [operation(written("1"), { document: undefined })],
    services,
  );
  assert.deepEqual(byIncarnation, []);
  assert.deepEqual(unknown, [{ index: "books", id: "1", routing: undefined }]);
});

test("acceptedWrites() takes a version that does not fit for unknown, and says so", async () => {
  const { services, telemetry } = fakeWriteServices(() => ({}));
  const { byIncarnation, unknown } = await acceptedWrites(
    [operation(written("1", { primaryTerm: "16384" }))],
    services,
  );
  assert.deepEqual(byIncarnation, []);
  assert.equal(unknown.length, 1);
  assert.ok(telemetry.lines.some((line) => line.includes("[books]")));
});

for (const why of ["the index has a pipeline", "the request names one"] as const) {
  test(`acceptedWrites() reads the stored document back where ${why}, with its own version and routing`, async () => {
    const { services, catalog, primary } = fakeWriteServices(() => stored);
    catalog.says(async (index) => ({
      incarnation: { index, uuid: "u", createdMs: 1 },
      hasPipeline: why === "the index has a pipeline",
      aliasRouting: new Map(),
    }));
    const namesPipeline = why === "the request names one";
    const { byIncarnation, unknown } = await acceptedWrites(
      [operation(written("1", asStored), { namesPipeline })],
      services,
    );
    assert.deepEqual(unknown, []);
    assert.deepEqual(byIncarnation[0]?.operations, [
      {
        id: "1",
        routing: "r",
        version: version("9", "3"),
        document: sliceOf(Buffer.from('{"n":9007199254740993}')),
      },
    ]);
    assert.deepEqual(
      primary.requests.map(({ path }) => path),
      ["/_mget"],
    );
  });
}

test("acceptedWrites() reads an update back where the index has a pipeline: the answer shows the document before it", async () => {
  const { services, catalog } = fakeWriteServices(() => stored);
  catalog.says(async (index) => ({
    incarnation: { index, uuid: "u", createdMs: 1 },
    hasPipeline: true,
    aliasRouting: new Map(),
  }));
  const update = operation(written("1", { ...asStored, source: { start: 0, end: 7 } }));
  const { byIncarnation } = await acceptedWrites([update], services);
  assert.equal(firstDocument(byIncarnation), '{"n":9007199254740993}');
});

test("acceptedWrites() takes another request's document that it reads back only when every copy of its shard has it", async () => {
  const state = (term: number) => ({
    body: {
      cluster_name: "c",
      metadata: {
        indices: {
          books: {
            primary_terms: { 0: term },
            settings: { index: { uuid: "u", creation_date: "1", number_of_shards: "1" } },
          },
        },
      },
    },
  });
  const stats = (checkpoint: number) => {
    const shard = [{ routing: { primary: true }, seq_no: { max_seq_no: 9, global_checkpoint: checkpoint } }];
    return { body: { indices: { books: { shards: { 0: shard } } } } };
  };
  const document = { _index: "books", _version: 4, _seq_no: 9, _primary_term: 3, found: true, _source: {} };
  const storedTwice = { body: { docs: ["1", "2"].map((_id) => ({ _id, ...document })) } };
  for (const [checkpoint, term, lasts] of [
    [9, 3, true],
    [8, 3, false],
    [9, 4, false],
  ] as const) {
    const { services, primary } = fakeWriteServices(({ path }) => {
      if (path === "/_mget") return storedTwice;
      return path.endsWith("/_stats") ? stats(checkpoint) : state(term);
    });
    const { byIncarnation, unknown } = await acceptedWrites(
      ["1", "2"].map((id) => operation(written(id), { namesPipeline: true })),
      services,
    );
    assert.equal(byIncarnation[0]?.operations.length ?? 0, lasts ? 2 : 0);
    assert.equal(unknown.length, lasts ? 0 : 2);
    // However many documents there are, and after they were read.
    assert.deepEqual(
      primary.requests.map(({ path }) => path.split("/").at(1)),
      ["_mget", "books", "_cluster"],
    );
  }
});

test("acceptedWrites() after a pipeline takes documents it cannot read back for unknown; deletions need no reading", async () => {
  const missing = { body: '{"docs":[{"_index":"books","_id":"1","found":false}]}' };
  for (const answering of [() => missing, noAnswer("primary", "refused")]) {
    const { services } = fakeWriteServices(answering);
    const { byIncarnation, unknown } = await acceptedWrites(
      [
        operation(written("1"), { namesPipeline: true }),
        operation(written("2", { result: "delete", seqNo: "8" }), { namesPipeline: true }),
      ],
      services,
    );
    assert.deepEqual(
      unknown.map(({ id }) => id),
      ["1"],
    );
    assert.deepEqual(byIncarnation[0]?.operations, [
      { id: "2", routing: undefined, version: version("8"), document: undefined },
    ]);
  }
});

test("acceptedWrites() keeps the client's name of an index that nobody can describe: an alias carries its routing", async () => {
  const { services, catalog } = fakeWriteServices(() => ({}));
  catalog.says(() => Promise.reject(new ClusterError("primary", "refused", "down")));
  const key = { index: "alias", id: "1", routing: undefined };
  const { unknown } = await acceptedWrites([operation(written("1"), { key })], services);
  // PRIMARY's name as well: it may have been a pipeline that chose the index.
  assert.deepEqual(unknown, [key, { ...key, index: "books" }]);
});

test("acceptedWrites() keeps the client's name of the index where PRIMARY gave no sequence number", async () => {
  const { services } = fakeWriteServices(() => ({}));
  const key = { index: "alias", id: "", routing: "r" };
  const outcome = { kind: "unsequenced", result: "index", index: "books", id: "chosen" } as const;
  const { unknown } = await acceptedWrites([operation(outcome, { key })], services);
  assert.deepEqual(unknown[0], { index: "alias", id: "chosen", routing: "r" });
});

for (const [what, key] of [
  ["another index", { index: "elsewhere", id: "1", routing: undefined }],
  ["another id", { index: "books", id: "2", routing: undefined }],
] as const) {
  test(`acceptedWrites() reads back a document that was sent to ${what}: a pipeline rewrote it`, async () => {
    const { services } = fakeWriteServices(({ path }) =>
      path === "/_mget" ? stored : namesOf("books", "alias"),
    );
    const { byIncarnation } = await acceptedWrites([operation(written("1", asStored), { key })], services);
    assert.equal(firstDocument(byIncarnation), '{"n":9007199254740993}');
    assert.equal(byIncarnation[0]?.operations[0]?.version, version("9", "3"));
  });
}

test("acceptedWrites() sends on what came through an alias, and asks for the aliases once", async () => {
  const { services, catalog, primary } = fakeWriteServices(() => namesOf("books", "alias"));
  const described = {
    incarnation: { index: "books", uuid: "u", createdMs: 1 },
    hasPipeline: false,
    aliasRouting: new Map(),
  };
  catalog.says(() => Promise.resolve(described));
  for (let times = 0; times < 3; times++) {
    const key = { index: "alias", id: "1", routing: undefined };
    const { byIncarnation } = await acceptedWrites([operation(written("1"), { key })], services);
    assert.equal(firstDocument(byIncarnation), '{"n":1}');
  }
  assert.deepEqual(
    primary.requests.map(({ method, path }) => `${method} ${path}`),
    ["GET /books"],
  );
});

test("acceptedWrites() reads back where PRIMARY cannot say its aliases, and forgets that it could not", async () => {
  const { services, primary, catalog } = fakeWriteServices(({ path }) => {
    if (path === "/_mget") return stored;
    throw new ClusterError("primary", "lost", "gone");
  });
  const described = {
    incarnation: { index: "books", uuid: "u", createdMs: 1 },
    hasPipeline: false,
    aliasRouting: new Map(),
  };
  catalog.says(() => Promise.resolve(described));
  const key = { index: "alias", id: "1", routing: undefined };
  const given = operation(written("1", asStored), { key });
  const read = await acceptedWrites([given], services);
  assert.equal(firstDocument(read.byIncarnation), '{"n":9007199254740993}');
  primary.answer(() => namesOf("books", "alias"));
  const sent = await acceptedWrites([given], services);
  assert.equal(firstDocument(sent.byIncarnation), '{"n":1}');
});

test("acceptedWrites() takes nothing for an incarnation's own that may be its predecessor's: it reads back", async () => {
  const { services } = fakeWriteServices(({ body }) => {
    const { docs } = JSON.parse(String(body));
    const found = JSON.parse(stored.body).docs[0];
    return {
      body: { docs: docs.map(({ _id }: { _id: string }) => (_id === "1" ? found : { _id, found: false })) },
    };
  });
  const { byIncarnation, unknown } = await acceptedWrites(
    [operation(written("1", asStored)), operation(written("2", { result: "delete", seqNo: "13" }))],
    services,
    () => false,
  );
  assert.deepEqual(
    byIncarnation[0]?.operations.map(({ id, version: given }) => [id, given]),
    [["1", version("9", "3")]],
  );
  assert.deepEqual(
    unknown.map(({ id }) => id),
    ["2"],
  );
});

test("beginRequest() vouches for an incarnation that was seen before the request, and for an old one", () => {
  const catalog = fakeCatalog();
  const nowMs = 1_700_000_000_000;
  const young = { index: "books", uuid: "young", createdMs: nowMs - 1000 };
  const first = beginRequest(catalog, nowMs);
  const meanwhile = beginRequest(catalog, nowMs);
  assert.equal(first(young), false);
  assert.equal(meanwhile(young), false);
  assert.equal(beginRequest(catalog, nowMs)(young), true);
  assert.equal(beginRequest(fakeCatalog(), nowMs)(young), false);
  assert.equal(first({ ...young, uuid: "old", createdMs: nowMs - 3_600_000 }), true);
});

test("acceptedWrites() reads updated documents back where routings are used: an update keeps what it does not say", async () => {
  const { services, catalog } = fakeWriteServices(() => stored);
  const updated = operation(written("1", { ...asStored, source: { start: 0, end: 7 } }));
  const plain = await acceptedWrites([updated], services);
  assert.equal(plain.byIncarnation[0]?.operations[0]?.routing, undefined);
  catalog.noteRouting("books");
  const { byIncarnation } = await acceptedWrites([updated], services);
  assert.deepEqual(byIncarnation[0]?.operations, [
    {
      id: "1",
      routing: "r",
      version: encodeVersion("books", 1, "3", "9"),
      document: sliceOf(Buffer.from('{"n":9007199254740993}')),
    },
  ]);
});

test("acceptedWrites() sends on what it was sent where PRIMARY keeps no _source, and only what PRIMARY confirms", async () => {
  const { services } = fakeWriteServices(() => ({
    body: '{"docs":[{"_index":"books","_id":"1","_version":1,"_seq_no":9,"_primary_term":3,"found":true}]}',
  }));
  const accepted = (outcome: Partial<Written>, namesPipeline = false) =>
    acceptedWrites([operation(written("1", outcome), { namesPipeline })], services, () => false);

  const { byIncarnation, unknown } = await accepted(asStored);
  assert.equal(firstDocument(byIncarnation), '{"n":1}');
  assert.equal(byIncarnation[0]?.operations[0]?.version, version("9", "3"));
  assert.deepEqual(unknown, []);

  const later = await accepted({ ...asStored, seqNo: "8" });
  const changed = await accepted(asStored, true);
  for (const each of [later, changed]) {
    assert.deepEqual(each.byIncarnation, []);
    assert.deepEqual(
      each.unknown.map(({ id }) => id),
      ["1"],
    );
  }
});
