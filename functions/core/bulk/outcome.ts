import type { ByteRange } from "./operation.ts";

/** What PRIMARY answered for one operation. Only `written` and `unsequenced` changed something. */
export type Outcome =
  | {
      readonly kind: "written";
      /** What the write means for the stored document: it is there now, or it is gone. */
      readonly result: "index" | "delete";
      /** The concrete index and the id that PRIMARY used, which a pipeline may have changed. */
      readonly index: string;
      readonly id: string;
      /** Digits. */
      readonly seqNo: string;
      readonly primaryTerm: string;
      /** Updates: the resulting document's bytes in the answer. */
      readonly source: ByteRange | undefined;
    }
  /** Written, but PRIMARY did not say at which sequence number (5.x). */
  | {
      readonly kind: "unsequenced";
      readonly result: "index" | "delete";
      readonly index: string;
      readonly id: string;
    }
  /** An update that changed nothing. */
  | { readonly kind: "noop" }
  | { readonly kind: "rejected"; readonly status: number; readonly type: string }
  /** JSON, but nothing that says what became of the operation: its outcome is unknown. */
  | { readonly kind: "unreadable" };

export type BulkAnswer =
  /** As many outcomes as operations, in the same order. */
  | { readonly kind: "ok"; readonly outcomes: readonly Outcome[] }
  /** The answer does not pair with the request: every outcome is unknown. */
  | { readonly kind: "mismatch"; readonly items: number; readonly operations: number }
  /** Cut short, or no bulk answer at all: every outcome is unknown. */
  | { readonly kind: "unreadable"; readonly reason: string };
