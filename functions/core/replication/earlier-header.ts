import * as v from "valibot";
import { recordSchema } from "./record.ts";

/** `[id, version, bytes, 1 when it deletes, routing]` */
const row = v.tuple([
  v.string(),
  v.string(),
  v.number(),
  v.optional(v.number(), 0),
  v.optional(v.nullable(v.string()), null),
]);
const earlierHeader = v.looseObject({
  schema: v.literal(recordSchema - 1),
  ops: v.optional(v.array(row)),
  body: v.looseObject({ payload: v.optional(v.looseObject({ sha256: v.string() })) }),
});

/**
 * A header of the schema before this one as one of this schema; anything else as it is. Schema 1 had a manifest by
 * row, and SHA-256 for every payload.
 */
export function fromEarlierSchema(header: unknown): unknown {
  const read = v.safeParse(earlierHeader, header);
  if (!read.success) return header;
  const { ops, body, ...rest } = read.output;
  const { payload } = body;
  return {
    ...rest,
    schema: recordSchema,
    ...(ops && { ops: columnsFrom(ops) }),
    body: payload ? { ...body, payload: { ...payload, checksum: `sha256-${payload.sha256}` } } : body,
  };
}

function columnsFrom(rows: readonly v.InferOutput<typeof row>[]) {
  return {
    ids: rows.map(([id]) => id),
    versions: rows.map(([, version]) => version),
    bytes: rows.map(([, , bytes]) => bytes),
    deletes: rows.flatMap(([, , , deletes], at) => (deletes === 1 ? [at] : [])),
    routings: rows.flatMap(([, , , , routing], at) => (routing === null ? [] : [[at, routing]])),
  };
}
