import type { Disposition } from "../core/replication/disposition.ts";
import { documentOf, type PendingOperation } from "./apply-operations.ts";

/**
 * An operation that a newer one of its batch superseded is done only if that one is. Its record has to come again
 * otherwise: what came in place of a lost payload is read anew the next time and may be another operation then.
 */
export function retryTogether(
  operations: readonly PendingOperation[],
  dispositions: readonly Disposition[],
): readonly Disposition[] {
  if (dispositions.every(({ kind }) => kind !== "retry")) return dispositions;
  const retried = new Map<string, Disposition>();
  for (const [i, disposition] of dispositions.entries()) {
    const operation = operations[i];
    if (operation !== undefined && disposition.kind === "retry")
      retried.set(documentOf(operation), disposition);
  }
  return dispositions.map((disposition, i) => {
    const operation = operations[i];
    if (operation === undefined || disposition.kind !== "superseded") return disposition;
    return retried.get(documentOf(operation)) ?? disposition;
  });
}
