import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";

/** `GET /` is 405 in Elasticsearch's minimal distributions from 8 on, so the nodes API says who is there. */
const LocalNode = v.object({
  nodes: v.record(v.string(), v.object({ version: v.string(), process: v.object({ id: v.number() }) })),
});

/**
 * Resolves with the process id of the server behind `endpoint` as soon as its indices are readable (cluster health
 * yellow or better, so that after a restart nobody sees half of the data). Undefined when `signal` fires first.
 */
export async function untilAnswering(endpoint: string, signal: AbortSignal): Promise<number | undefined> {
  while (!signal.aborted) {
    try {
      const health = await fetch(`${endpoint}/_cluster/health?wait_for_status=yellow&timeout=5s`, { signal });
      await health.arrayBuffer();
      if (health.ok) return (await localNode(endpoint, signal)).pid;
    } catch (error) {
      // Not listening yet, or not answering completely: both are what is being waited for.
      if (!(error instanceof TypeError) && !signal.aborted) throw error;
    }
    await pause(100, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

/** The version and process id that the server behind `endpoint` tells about itself. */
export async function localNode(
  endpoint: string,
  signal: AbortSignal,
): Promise<{ version: string; pid: number }> {
  const answer = await fetch(`${endpoint}/_nodes/_local/process`, { signal });
  const [node] = Object.values(v.parse(LocalNode, await answer.json()).nodes);
  if (node === undefined) throw new Error(`${endpoint} names no node of its own`);
  return { version: node.version, pid: node.process.id };
}
