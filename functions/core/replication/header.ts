import * as v from "valibot";
import { namedDefinitionKinds } from "../routing/endpoint.ts";
import { fromEarlierSchema } from "./earlier-header.ts";
import { columnsOf, manifestColumns, manifestFrom } from "./manifest-columns.ts";
import { originOf, type ReplicationRecord, recordSchema } from "./record.ts";

/** `[index as the client named it, id, routing]` */
const key = v.tuple([v.string(), v.string(), v.optional(v.nullable(v.string()), null)]);

/** Bucket and prefix come from configuration, never from a message: a sender could name anything. */
const pointer = v.object({
  id: v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/)),
  bytes: v.number(),
  checksum: v.string(),
});
const body = v.object({
  encoding: v.picklist(["none", "plain", "gzip", "brotli"]),
  /** Of a compressed body in the message itself; a payload has its own. */
  checksum: v.optional(v.string()),
  payload: v.optional(pointer),
});
const cursor = v.object({
  side: v.picklist(["primary", "backup"]),
  shard: v.number(),
  afterSeqNo: v.string(),
});

const common = {
  schema: v.literal(recordSchema),
  writtenAtMs: v.number(),
  requestId: v.optional(v.string()),
  body,
};
const headerSchema = v.variant("kind", [
  v.object({
    ...common,
    kind: v.literal("apply"),
    index: v.string(),
    uuid: v.string(),
    createdMs: v.number(),
    ops: manifestColumns,
  }),
  v.object({
    ...common,
    kind: v.literal("reconcile"),
    reason: v.string(),
    keys: v.array(key),
    looksLeft: v.optional(v.number(), 0),
  }),
  v.object({
    ...common,
    kind: v.literal("reconcile-index"),
    reason: v.string(),
    index: v.string(),
    cursor: v.optional(cursor),
    awaitsTasks: v.optional(v.boolean(), false),
  }),
  v.object({
    ...common,
    kind: v.literal("define"),
    reason: v.string(),
    of: v.optional(v.picklist(namedDefinitionKinds)),
    pattern: v.string(),
  }),
]);

export type Header = v.InferOutput<typeof headerSchema>;
export type PayloadPointer = v.InferOutput<typeof pointer>;

/** Why a message cannot be read; it is parked as it is, never dropped. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/** The header line of a record. */
export function headerOf(record: ReplicationRecord, bodyAt: Header["body"]): Header {
  const shared = { schema: recordSchema, ...originOf(record), body: bodyAt } as const;
  switch (record.kind) {
    case "apply": {
      const { index, uuid, createdMs } = record.incarnation;
      return { ...shared, kind: "apply", index, uuid, createdMs, ops: columnsOf(record.manifest) };
    }
    case "reconcile": {
      const keys = record.keys.map((k): [string, string, string | null] => [
        k.index,
        k.id,
        k.routing ?? null,
      ]);
      return { ...shared, kind: "reconcile", reason: record.reason, keys, looksLeft: record.looksLeft };
    }
    case "reconcile-index": {
      const { reason, index, awaitsTasks } = record;
      return {
        ...shared,
        kind: "reconcile-index",
        reason,
        index,
        awaitsTasks,
        ...(record.cursor && { cursor: record.cursor }),
      };
    }
    case "define": {
      const { reason, of, pattern } = record;
      return { ...shared, kind: "define", reason, ...(of && { of }), pattern };
    }
  }
}

/**
 * Reads a message: its header and the text of its inline body.
 * @throws UnreadableRecord for bad JSON, a missing field, or a schema version this code does not know.
 */
export function parseMessage(message: string): { header: Header; inline: string } {
  const end = message.indexOf("\n");
  const text = end < 0 ? message : message.slice(0, end);
  const header = v.safeParse(headerSchema, fromThisOrEarlier(parseJson(text)));
  if (!header.success) {
    const where = header.issues.map((issue) => `${v.getDotPath(issue) ?? "header"}: ${issue.message}`);
    throw new UnreadableRecord(`unknown or damaged record: ${where.slice(0, 3).join("; ")}`);
  }
  return { header: header.output, inline: end < 0 ? "" : message.slice(end + 1) };
}

function fromThisOrEarlier(header: unknown): unknown {
  const schema = typeof header === "object" && header !== null && "schema" in header && header.schema;
  return schema === recordSchema ? header : fromEarlierSchema(header);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableRecord("a record begins with a JSON header line; this message does not");
  }
}

/** The record that a header describes. */
export function recordOf(header: Header): ReplicationRecord {
  const origin = originOf(header);
  switch (header.kind) {
    case "apply": {
      const { index, uuid, createdMs } = header;
      const incarnation = { index, uuid, createdMs };
      return { kind: "apply", ...origin, incarnation, manifest: manifestFrom(header.ops) };
    }
    case "reconcile": {
      const keys = header.keys.map(([index, id, at]) => ({ index, id, routing: at ?? undefined }));
      return { kind: "reconcile", ...origin, reason: header.reason, keys, looksLeft: header.looksLeft };
    }
    case "reconcile-index": {
      const { reason, index, cursor: at, awaitsTasks } = header;
      return { kind: "reconcile-index", ...origin, reason, index, cursor: at, awaitsTasks };
    }
    case "define": {
      const { reason, of, pattern } = header;
      return { kind: "define", ...origin, reason, ...(of && { of }), pattern };
    }
  }
}
