import {
  type PayloadPointer,
  parseMessage,
  UnreadableRecord,
} from "../../functions/core/replication/header.ts";
import type { HeldMessage } from "./sqs-dead-letters.ts";

/** A dead letter, as a person needs to see it. */
export interface ParkedRecord {
  readonly index: string;
  /** The first document's; `undefined` where the record names none. */
  readonly id: string | undefined;
  /** BACKUP's words. */
  readonly reason: string;
  /** ISO 8601. */
  readonly parkedAt: string;
  /** How often it had been tried. */
  readonly receives: number;
  readonly operations: number;
  /** Of the request that it comes from; `undefined` for work that replication found for itself. */
  readonly requestId: string | undefined;
  readonly kind: "apply" | "reconcile" | "reconcile-index" | "define" | "unreadable";
}

/** Reads a dead letter, whatever it is. */
export function parkedRecord({ attributes, body, sentAtMs }: HeldMessage): ParkedRecord {
  const told = about(body);
  const named = attributes["index"] ?? "-";
  return {
    index: named === "-" ? told.index : named,
    id: attributes["id"] ?? told.id,
    reason: attributes["reason"] ?? "the queue gave up on it (maxReceiveCount)",
    parkedAt: attributes["parkedAt"] ?? new Date(sentAtMs).toISOString(),
    receives: Number(attributes["receives"] ?? 0),
    operations: told.operations,
    requestId: attributes["requestId"] ?? told.requestId,
    kind: told.kind,
  };
}

/** The payload of a dead letter's record; `undefined` when it has none, or cannot be read. */
export function payloadOf(body: string): PayloadPointer | undefined {
  return headerIn(body)?.body.payload;
}

function about(body: string): Pick<ParkedRecord, "index" | "id" | "operations" | "requestId" | "kind"> {
  const header = headerIn(body);
  const requestId = header?.requestId;
  switch (header?.kind) {
    case "apply":
      return {
        index: header.index,
        id: header.ops.ids[0],
        operations: header.ops.ids.length,
        requestId,
        kind: header.kind,
      };
    case "reconcile": {
      const [first] = header.keys;
      return {
        index: first?.[0] ?? "-",
        id: first?.[1],
        operations: header.keys.length,
        requestId,
        kind: header.kind,
      };
    }
    case "reconcile-index":
      return { index: header.index, id: undefined, operations: 1, requestId, kind: header.kind };
    case "define":
      return { index: header.pattern, id: undefined, operations: 1, requestId, kind: header.kind };
    case undefined:
      return { index: "-", id: undefined, operations: 0, requestId, kind: "unreadable" };
  }
}

function headerIn(body: string) {
  try {
    return parseMessage(body).header;
  } catch (error) {
    if (error instanceof UnreadableRecord) return undefined;
    throw error;
  }
}
