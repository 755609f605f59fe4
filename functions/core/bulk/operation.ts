import type { WantedSource } from "./wanted-source.ts";

/** Byte offsets in the buffer the range belongs to; `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type BulkAction = "index" | "create" | "update" | "delete";

/** One bulk action, as the client asked for it. `undefined` is "not said", neither in the line nor by a default. */
export interface Operation {
  /** What PRIMARY will do: an `index` line with `op_type` `create` is a `create`. */
  readonly action: BulkAction;
  readonly index: string | undefined;
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly routing: string | undefined;
  readonly pipeline: string | undefined;
  readonly requireAlias: boolean | undefined;
  /** The version as it was written: digits, never a JavaScript number. */
  readonly externalVersion: { readonly type: string; readonly version: string } | undefined;
  /** An `index` or `create` whose id PRIMARY would make up, and for which any id would do as well. */
  readonly awaitsId: boolean;
  /** Updates only: the part of the resulting document that the client asked to see. */
  readonly source: WantedSource | undefined;
  /** The action line, without its newline and a carriage return before it. */
  readonly line: ByteRange;
  /** The document line likewise; `undefined` for deletes. */
  readonly document: ByteRange | undefined;
}

/** What the path and the query say for every action that does not say it itself. */
export interface BulkDefaults {
  readonly index?: string | undefined;
  readonly type?: string | undefined;
  readonly routing?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly requireAlias?: boolean | undefined;
  readonly source?: WantedSource | undefined;
}
