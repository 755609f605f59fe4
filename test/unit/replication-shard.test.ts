import assert from "node:assert/strict";
import { test } from "node:test";
import { murmur3, type ShardLayout, shardOf } from "../../functions/core/replication/shard.ts";

/** The known values of Elasticsearch's Murmur3HashFunctionTests, as unsigned numbers. */
const knownHashes: readonly [number, string][] = [
  [0x5a0cb7c3, "hell"],
  [0xd7c31989, "hello"],
  [0x22ab2984, "hello w"],
  [0xdf0ca123, "hello wo"],
  [0xe7744d61, "hello wor"],
  [0xe07db09c, "The quick brown fox jumps over the lazy dog"],
  [0x4e63d2ad, "The quick brown fox jumps over the lazy cog"],
];

test("murmur3() gives the hashes that Elasticsearch's own test expects", () => {
  for (const [hash, text] of knownHashes) assert.equal(murmur3(text) >>> 0, hash, text);
});

test("murmur3() gives a signed 32-bit number for any text", () => {
  for (const text of ["", "é", "漢", "😀", "a".repeat(1001), "\u0000"]) {
    const hash = murmur3(text);
    assert.equal(hash, hash | 0, JSON.stringify(text));
  }
});

/** Some of those that `testBWC` of Elasticsearch's IndexRoutingTests lists: 8 shards, by id or by routing. */
const knownShards: Readonly<Record<string, number>> = {
  sEERfFzPSI: 1,
  cNRiIrjzYd: 7,
  BgfLBXUyWT: 5,
  cnepjZhQnb: 3,
  OKCmuYkeCK: 6,
  KXuNWWNgVj: 2,
  DGJOYrpESx: 4,
  hswhrppvDH: 0,
  qoZALVcite: 7,
  FYQRIBcNqz: 0,
  AITyyoyLLs: 4,
  wRZXPSoEgd: 3,
};

test("shardOf() places by the id, or by the routing where there is one, as Elasticsearch does", () => {
  const layout: ShardLayout = { shards: 8, routingShards: 8, partitionSize: 1 };
  for (const [text, shard] of Object.entries(knownShards)) {
    assert.equal(shardOf(text, undefined, layout), shard, text);
    assert.equal(shardOf("any id", text, layout), shard, text);
  }
});

/** From the same file: `testPartitionedIndexBWC`, 6 shards of partition size 2. */
const knownPartitions: Readonly<Record<string, readonly number[]>> = {
  a: [3, 2, 2, 3],
  b: [5, 0, 0, 0],
  c: [4, 4, 3, 4],
  d: [3, 4, 4, 4],
};

test("shardOf() spreads a routing over its partition, as Elasticsearch does", () => {
  const layout: ShardLayout = { shards: 6, routingShards: 6, partitionSize: 2 };
  for (const [routing, shards] of Object.entries(knownPartitions)) {
    const placed = shards.map((_, i) => shardOf(`${routing}_${i}`, routing, layout));
    assert.deepEqual(placed, shards, routing);
  }
});

/** From the same file: the shrunk and partitioned index, 4 shards of 8 routing shards, partition size 3. */
const knownScaled: Readonly<Record<string, readonly number[]>> = {
  b: [0, 0, 0, 0, 3, 3],
  c: [1, 1, 0, 0, 0, 1],
  d: [2, 2, 3, 3, 3, 3],
};

test("shardOf() scales routing shards down to shards, as Elasticsearch does", () => {
  const layout: ShardLayout = { shards: 4, routingShards: 8, partitionSize: 3 };
  for (const [routing, shards] of Object.entries(knownScaled)) {
    const placed = shards.map((_, i) => shardOf(`${routing}_${i}`, routing, layout));
    assert.deepEqual(placed, shards, routing);
  }
});

test("shardOf() places the routings a, b, c, d of 5 shards as observed on real servers", () => {
  // docs/cluster-semantics.md, section 4: 5.x and 6.x against 7.x and above, whose routing shards are 640.
  const placed = (routingShards: number) =>
    ["a", "b", "c", "d"].map((routing) =>
      shardOf("1", routing, { shards: 5, routingShards, partitionSize: 1 }),
    );
  assert.deepEqual(placed(5), [4, 2, 0, 3]);
  assert.deepEqual(placed(640), [1, 0, 3, 1]);
});

test("shardOf() is 0 for the only shard there is", () => {
  const layout: ShardLayout = { shards: 1, routingShards: 1, partitionSize: 1 };
  assert.equal(shardOf("any", "thing", layout), 0);
});
