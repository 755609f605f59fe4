/** Virtual time: what happens next is the earliest thing that was asked for; nothing else ever happens. */
export interface World {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `action` when that much time has passed; `"quiet"` is its promise that no process goes on by it. */
  after(ms: number, action: () => unknown): void;
  /** Runs until nothing is left to happen, or `limit` events have. Says whether it became quiet. */
  run(limit: number): Promise<boolean>;
  readonly events: number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => unknown;
}

/** Gives way to whatever else this machine's process has to do. */
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createWorld(startMs: number): World {
  const heap: Event[] = [];
  let nowMs = startMs;
  let order = 0;
  let events = 0;
  return {
    now: () => nowMs,
    after(ms, action) {
      push(heap, { atMs: nowMs + Math.max(0, ms), order: order++, action });
    },
    get events() {
      return events;
    },
    async run(limit) {
      await pause();
      const last = events + limit;
      return new Promise((resolve, reject) => {
        // A tick that a microtask asks for comes when no microtask is left: all that a resumed process does until
        // its next call has happened. (setImmediate would do, at six times the price.)
        const settle = () => process.nextTick(go);
        const go = () => {
          try {
            if (turn(last)) queueMicrotask(settle);
            else resolve(heap.length === 0);
          } catch (error) {
            reject(error);
          }
        };
        process.nextTick(go);
      });
    },
  };

  /** Events up to one by which a process goes on; `false` when there is none. */
  function turn(last: number): boolean {
    while (events < last) {
      const event = pop(heap);
      if (event === undefined) return false;
      nowMs = event.atMs;
      events += 1;
      if (event.action() !== "quiet") return true;
    }
    return false;
  }
}

function earlier(a: Event | undefined, b: Event | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: Event[], i: number, j: number): void {
  const [a, b] = [heap[i], heap[j]];
  if (a === undefined || b === undefined) return;
  heap[i] = b;
  heap[j] = a;
}

function push(heap: Event[], event: Event): void {
  heap.push(event);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!earlier(heap[at], heap[parent])) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  heap[0] = last;
  let at = 0;
  while (true) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let least = at;
    if (earlier(heap[left], heap[least])) least = left;
    if (earlier(heap[right], heap[least])) least = right;
    if (least === at) return first;
    swap(heap, at, least);
    at = least;
  }
}
