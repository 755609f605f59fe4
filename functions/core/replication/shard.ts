/** How PRIMARY places documents on shards (docs/cluster-semantics.md, section 4, "Identity of a document"). */
export interface ShardLayout {
  readonly shards: number;
  /** `routing_num_shards`; a multiple of `shards`. */
  readonly routingShards: number;
  readonly partitionSize: number;
}

/**
 * The shard of a document, as Elasticsearch and OpenSearch compute it: murmur3 of the routing value (or
 * the id), modulo the routing shards. The same id on two shards is two documents.
 */
export function shardOf(id: string, routing: string | undefined, layout: ShardLayout): number {
  if (layout.shards === 1) return 0;
  const offset = layout.partitionSize > 1 ? floorMod(murmur3(id), layout.partitionSize) : 0;
  const hash = (murmur3(routing ?? id) + offset) | 0;
  return Math.floor(floorMod(hash, layout.routingShards) / (layout.routingShards / layout.shards));
}

function floorMod(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** murmur3 x86 32-bit, seed 0, over the UTF-16 little-endian bytes of the text; a signed 32-bit number. */
export function murmur3(text: string): number {
  const bytes = Buffer.from(text, "utf16le");
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < blocks; at += 4) {
    hash ^= scramble(bytes.readInt32LE(at));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  // UTF-16 leaves either nothing or two bytes.
  if (blocks < bytes.length) hash ^= scramble(bytes.readUInt16LE(blocks));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
