import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What the process is to stay below while bulks of megabytes flow is 250 MB; a burst comes on top of this. */
const residentBytesMax = 220_000_000;
/** A collection costs some 20 ms of CPU, and is worth it for so much. */
const bufferBytesMin = 16_000_000;
const lookMs = 10;

/** What is looked at, and what is done about it. */
export interface Memory {
  residentBytes(): number;
  /** Of buffers, in use or not. */
  bufferBytes(): number;
  collect(): void;
}

/** A look at the memory: while the process is large, it collects whenever buffers have grown enough since it did. */
export function createEarlyCollection({ residentBytes, bufferBytes, collect }: Memory): () => void {
  let left = 0;
  return () => {
    if (residentBytes() < residentBytesMax) return;
    const now = bufferBytes();
    left = Math.min(left, now);
    if (now - left < bufferBytesMin) return;
    collect();
    left = bufferBytes();
  };
}

/**
 * Looks at this process's memory from now on. V8 waits for 64 MB of buffers that may be garbage before it begins to mark,
 * and a bulk of 5 MB leaves 25 MB ([decision 22](../../docs/decisions/0022-garbage-collector.md)).
 */
export function collectEarly(): void {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  const look = createEarlyCollection({
    residentBytes: process.memoryUsage.rss,
    bufferBytes: () => getHeapStatistics().external_memory,
    collect,
  });
  setInterval(look, lookMs).unref();
}
