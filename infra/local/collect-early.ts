import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** With the program and what the store has mapped, some 60 MB, and a burst on top, that is below 250 MB resident. */
const usedBytesMax = 165_000_000;
/** A collection costs some 20 ms of CPU, and is worth it for so much. */
const bufferBytesMin = 16_000_000;

/** What is looked at, and what is done about it. */
export interface Memory {
  usage(): { readonly heapBytes: number; readonly bufferBytes: number };
  collect(): void;
}

/** A look at the memory: while much is used, it collects whenever buffers have grown enough since it did. */
export function createEarlyCollection({ usage, collect }: Memory): () => void {
  let left = 0;
  return () => {
    const { heapBytes, bufferBytes } = usage();
    left = Math.min(left, bufferBytes);
    if (heapBytes + bufferBytes < usedBytesMax || bufferBytes - left < bufferBytesMin) return;
    collect();
    left = usage().bufferBytes;
  };
}

/**
 * A look at this process's memory, to be taken before a request, when its body is there, and after a write or a batch of
 * records. V8 waits for 64 MB of buffers that may be garbage before it begins to mark, and a bulk of 5 MB leaves 13 MB
 * ([decision 22](../../docs/decisions/0022-garbage-collector.md)).
 */
export function earlyCollection(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  const usage = () => {
    const { total_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
    return { heapBytes, bufferBytes };
  };
  return createEarlyCollection({ usage, collect });
}

/** The handler, which has `look` called soon after each of its events, when the host has let go of the event as well. */
export function lookingAfterwards<Event, Context, Result>(
  handler: (event: Event, context: Context) => Promise<Result>,
  look: () => void,
): (event: Event, context: Context) => Promise<Result> {
  return (event, context) => handler(event, context).finally(() => setImmediate(look));
}
