import { setTimeout as pause } from "node:timers/promises";
import { bulk, type Call, send } from "../support/client.ts";

export interface WorkloadOptions {
  readonly endpoint: string;
  readonly index: string;
  /** Operations in all that reach a cluster; what fails is replaced by other operations. */
  readonly operations: number;
  /** @default 4 */
  readonly clients?: number;
  /** The same seed, the same operations of each client. */
  readonly seed: number;
  /** Documents that all clients write. @default 25 */
  readonly hotIds?: number;
  /** Ends it before all operations are done. */
  readonly signal?: AbortSignal;
}

export interface Workload {
  /** Operations that have been answered so far. */
  readonly answered: number;
  /** Requests that failed: no answer, 429 or 5xx. */
  readonly failed: number;
  /** Resolves when so many operations have been answered, or the workload is over. */
  reached(operations: number): Promise<void>;
  /** Resolves when all clients are done. */
  readonly done: Promise<void>;
}

const requestTimeoutMs = 20_000;

/** Clients that write the same few documents at once: index, create, update, upsert, delete, external versions. */
export function startWorkload(options: WorkloadOptions): Workload {
  const { clients = 4, operations, signal } = options;
  let answered = 0;
  let failed = 0;
  const runClient = async (client: number): Promise<void> => {
    const random = randomNumbers(options.seed * 1000 + client);
    while (answered < operations && signal?.aborted !== true) {
      const { call, count } = randomRequest(options, client, random);
      const reply = await send(options.endpoint, call).catch(() => undefined);
      if (reply !== undefined && reply.status < 500 && reply.status !== 429) answered += count;
      else {
        failed += 1;
        await pause(30);
      }
    }
  };
  let over = false;
  const done = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client))).then(() => {
    over = true;
  });
  return {
    get answered() {
      return answered;
    },
    get failed() {
      return failed;
    },
    async reached(wanted) {
      while (answered < wanted && !over) await pause(10);
    },
    done,
  };
}

/** Mulberry32: small, and good enough to choose operations. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;
type RandomRequest = { readonly call: Call; readonly count: number };

function randomRequest(
  { index, hotIds = 25 }: WorkloadOptions,
  client: number,
  random: Random,
): RandomRequest {
  const id = () => `hot-${Math.floor(random() * hotIds)}`;
  if (random() < 0.2) return { call: randomSingle(index, id(), client, random), count: 1 };
  const count = 1 + Math.floor(random() * 12);
  const lines = Array.from({ length: count }, () => randomAction(id(), client, random)).flat();
  return {
    call: { method: "POST", path: `/${index}/_bulk`, body: bulk(...lines), timeoutMs: requestTimeoutMs },
    count,
  };
}

function randomSingle(index: string, id: string, client: number, random: Random): Call {
  const at = { timeoutMs: requestTimeoutMs };
  const kind = random();
  if (kind < 0.3) return { ...at, method: "DELETE", path: `/${index}/_doc/${id}` };
  if (kind < 0.6)
    return { ...at, method: "PUT", path: `/${index}/_doc/${id}`, body: document(client, random) };
  if (kind < 0.7) return { ...at, method: "POST", path: `/${index}/_doc`, body: document(client, random) };
  const body = { doc: JSON.parse(document(client, random)), doc_as_upsert: kind < 0.85 };
  return { ...at, method: "POST", path: `/${index}/_update/${id}`, body };
}

function randomAction(id: string, client: number, random: Random): readonly unknown[] {
  const kind = random();
  if (kind < 0.25) return [{ index: { _id: id } }, document(client, random)];
  if (kind < 0.35) return [{ create: { _id: id } }, document(client, random)];
  if (kind < 0.4) return [{ index: {} }, document(client, random)];
  if (kind < 0.6) return [{ update: { _id: id } }, `{"doc":${document(client, random)}}`];
  if (kind < 0.7)
    return [{ update: { _id: id } }, `{"doc":${document(client, random)},"doc_as_upsert":true}`];
  if (kind < 0.9) return [{ delete: { _id: id } }];
  const external = { _id: `ext-${id}`, version: Math.floor(random() * 100_000), version_type: "external" };
  return kind < 0.96 ? [{ index: external }, document(client, random)] : [{ delete: external }];
}

/** A number that a JavaScript number cannot hold; every document is different. */
function document(client: number, random: Random): string {
  const digits = String(Math.floor(random() * 1e9)).padStart(9, "1");
  const member = `f${Math.floor(random() * 4)}`;
  return `{"client":${client},"big":9007199${digits}3,"${member}":${Math.floor(random() * 1000)}}`;
}
