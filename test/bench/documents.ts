/** Documents of about 1 kB as JSON, the same ones every time: an order book's entries with text, numbers and a date. */
export const documentBytes = 1024;

const words =
  "amber anchor basin birch bridge canvas cedar circuit cobalt copper coral delta ember engine fabric falcon fiber garnet glacier granite harbor hazel island ivory jasper kernel lagoon lantern linen magnet maple marble meadow mirror nickel oak onyx orbit oxide pearl pepper pine plaza quartz raven relay ridge river saffron sensor silver slate spruce steel summit timber tunnel valley velvet violet walnut willow zenith zinc".split(
    " ",
  );
const states = ["received", "paid", "packed", "shipped", "delivered", "returned"];
const currencies = ["EUR", "USD", "GBP", "SEK", "PLN"];

/** The mapping that both clusters get beforehand, so that neither has to guess. */
export const mapping = {
  properties: {
    order: { type: "keyword" },
    state: { type: "keyword" },
    customer: { type: "keyword" },
    placedAt: { type: "date" },
    total: { type: "double" },
    currency: { type: "keyword" },
    items: { type: "integer" },
    location: { type: "geo_point" },
    tags: { type: "keyword" },
    note: { type: "text" },
  },
};

/** `count` bulks of `size` documents each, with ids from `first` on; to be sent to `/{index}/_bulk`. */
export function bulkBodies(count: number, size: number, first = 0): readonly Buffer[] {
  return Array.from({ length: count }, (_, bulk) => {
    const lines: string[] = [];
    for (let i = 0; i < size; i++) {
      const at = first + bulk * size + i;
      lines.push(`{"index":{"_id":"${idOf(at)}"}}\n${document(at)}\n`);
    }
    return Buffer.from(lines.join(""));
  });
}

export function idOf(at: number): string {
  return `order-${String(at).padStart(9, "0")}`;
}

function document(at: number): string {
  const random = generator(at + 1);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  const fields = {
    order: idOf(at),
    state: pick(states),
    customer: `customer-${Math.floor(random() * 5000)}`,
    placedAt: new Date(1_700_000_000_000 + Math.floor(random() * 5e10)).toISOString(),
    total: Math.round(random() * 1e6) / 100,
    currency: pick(currencies),
    items: 1 + Math.floor(random() * 20),
    location: { lat: Math.round(random() * 9e5) / 1e4, lon: Math.round(random() * 18e5) / 1e4 },
    tags: [pick(words), pick(words), pick(words)],
    note: "",
  };
  const missing = documentBytes - JSON.stringify(fields).length;
  let note = pick(words);
  while (note.length < missing) note += ` ${pick(words)}`;
  return JSON.stringify({ ...fields, note: note.slice(0, missing) });
}

/** mulberry32: small, seeded, good enough to choose words. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
