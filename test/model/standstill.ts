import type { Cluster } from "../../functions/core/cluster/port.ts";
import type { Queue } from "../../functions/core/queue/port.ts";
import { asCluster } from "./cluster/memory-cluster.ts";
import type { Ports, Scene } from "./three-operations.ts";

/** Both clusters and the queue as one consumer sees them that stands still before one of its requests. */
export interface Standstill {
  readonly ports: Ports;
  /** Whether it has come to that request. */
  readonly reached: boolean;
  /** It wakes, and dies before it sends any more requests than these. */
  goOn(requestsLeft?: number): void;
}

/** @param requests to any of the three: those that it sends before. */
export function createStandstill({ primary, backup, queue }: Scene, requests: number): Standstill {
  let left = requests;
  let waiting: (() => void)[] = [];
  const turn = () =>
    new Promise<void>((resolve) => {
      if (left-- > 0) resolve();
      else waiting.push(resolve);
    });
  const through = (cluster: Cluster): Cluster => ({
    ...cluster,
    send: (request) => turn().then(() => cluster.send(request)),
  });
  const ownQueue: Queue = { ...queue, send: (messages) => turn().then(() => queue.send(messages)) };
  return {
    ports: [through(asCluster("backup", backup)), through(asCluster("primary", primary)), ownQueue],
    get reached() {
      return waiting.length > 0;
    },
    goOn(requestsLeft = Number.POSITIVE_INFINITY) {
      left = requestsLeft - waiting.length;
      const woken = left < 0 ? waiting.slice(0, requestsLeft) : waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
  };
}
