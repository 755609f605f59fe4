import type { Cluster, ClusterRequest, ClusterResponse } from "../../functions/core/cluster/port.ts";
import { createIncarnations } from "../../functions/core/definition/incarnations.ts";
import { createPrimaryCatalog } from "../../functions/core/definition/primary-catalog.ts";
import { noIntents } from "../../functions/core/intent/intents.ts";
import type { ObjectStore } from "../../functions/core/payload/port.ts";
import type { OutgoingMessage, Queue, ReceivedMessage } from "../../functions/core/queue/port.ts";
import type { EnvelopeSettings } from "../../functions/core/replication/envelope.ts";
import { createJsonLog } from "../../functions/core/runtime/json-log.ts";
import { createTelemetry } from "../../functions/core/runtime/telemetry.ts";
import { createTombstones } from "../../functions/core/tombstone/tombstones.ts";
import { createParkingLot } from "../../functions/replay/park.ts";
import { type MessageEnd, type ReplayServices, replayBatch } from "../../functions/replay/replay-batch.ts";
import { writeThrough } from "../../functions/write/write-through.ts";
import { fakeHandles } from "../support/fake-handles.ts";
import { noShield } from "../support/no-shield.ts";
import { noUntranslated } from "../support/no-untranslated.ts";
import { asCluster, createMemoryCluster, type MemoryCluster } from "./cluster/memory-cluster.ts";
import { createRandom } from "./random.ts";
import { gatewayRequest } from "./workload.ts";

export const actions = ["index", "create", "update", "delete"] as const;
export type Action = (typeof actions)[number];

/** Payloads, of which one may be lost for a while, or be another than was stored. */
export interface ScenePayloads extends ObjectStore {
  /** The record whose payload is not there now. */
  lost: string | undefined;
  /** The record whose payload has other digits now: it is as long and as good to read as before. */
  altered: string | undefined;
}

function createPayloads(): ScenePayloads {
  const objects = new Map<string, Buffer>();
  const payloads: ScenePayloads = {
    lost: undefined,
    altered: undefined,
    put: async (key, body) => void objects.set(key, Buffer.from(body)),
    get: async (key) => {
      const id = key.slice("payloads/".length);
      if (payloads.lost?.includes(id)) return undefined;
      const stored = objects.get(key);
      if (!payloads.altered?.includes(id)) return stored;
      return (
        stored && Buffer.from(stored.toString().replace(/(?<="[nu]":)\d/g, (digit) => `${9 - Number(digit)}`))
      );
    },
    // The same records are replayed again and again.
    remove: () => Promise.resolve(),
    list: () => Promise.resolve([]),
  };
  return payloads;
}
const minuteMs = 60_000;

/** What one consumer sends to, where it is not simply there. */
export type Ports = readonly [backup?: Cluster, primary?: Cluster, queue?: Queue];

/** One that lives on from record to record, and remembers what it made ready. */
export interface SceneConsumer {
  replay(body: string, receives: number): Promise<readonly MessageEnd[]>;
}

/** Two clusters, and the records of three operations on one document, in PRIMARY's order. */
export interface Scene {
  readonly primary: MemoryCluster;
  readonly backup: MemoryCluster;
  readonly queue: Queue;
  readonly records: readonly string[];
  readonly payloads: ScenePayloads;
  /** Given the path of each request that PRIMARY has executed, before its answer is there. */
  readonly watch: { executed: (path: string) => void };
  /** Runs a request through the writer, or one that sees PRIMARY so; what it queues is `takeSent`'s. */
  request(method: string, path: string, body?: string, primary?: Cluster): Promise<unknown>;
  /** The same with a bulk. */
  write(bulk: string): Promise<unknown>;
  /** Replays messages as one batch, delivered so many times before, through the given clusters. */
  replayBatch(bodies: readonly string[], receives: number, ...ports: Ports): Promise<readonly MessageEnd[]>;
  /** Replays one message, delivered so many times before, through the given clusters. */
  replay(body: string, receives: number, ...ports: Ports): Promise<readonly MessageEnd[]>;
  consumer(): SceneConsumer;
  /** An empty BACKUP whose index is ready. */
  restart(): Promise<void>;
  /** Time for BACKUP to forget deletions. */
  forget(ms?: number): void;
  /** What replay has queued since the last time. */
  takeSent(): readonly string[];
  document(side: MemoryCluster): string | undefined;
}

export interface SceneOptions {
  readonly inlineBytesMax?: number;
  /** The index's, on PRIMARY. */
  readonly definition?: string;
  /** How far the writer's clock is ahead of everybody else's. */
  readonly writerAheadMs?: number;
  /** PRIMARY has no other copy: what it acknowledges can be lost. */
  readonly acknowledgesAlone?: boolean;
}

/** Runs the three operations through the writer. BACKUP's index is ready before the first record comes. */
export async function createScene(operations: readonly Action[], options: SceneOptions = {}): Promise<Scene> {
  const { inlineBytesMax = 1e6, definition = "{}", writerAheadMs = 0, acknowledgesAlone = false } = options;
  const payloads = createPayloads();
  const envelope: EnvelopeSettings = { encoding: "plain", inlineBytesMax, payloadPrefix: "payloads/" };
  let nowMs = Date.UTC(2026, 0, 1);
  const now = () => nowMs;
  const random = createRandom(1);
  const primary = createMemoryCluster({ random, now });
  const backup = createMemoryCluster({ random, now, autoCreate: false });
  const sent: string[] = [];
  const queue: Queue = {
    send: async (messages: readonly OutgoingMessage[]) => void sent.push(...messages.map(({ body }) => body)),
    hide: () => Promise.resolve(),
    depth: () => Promise.resolve({ visible: 0, inFlight: 0, delayed: 0 }),
  };
  const telemetry = createTelemetry(createJsonLog(() => undefined, now));
  const direct = asCluster("primary", primary);
  const watch: Scene["watch"] = { executed: () => undefined };
  primary.catalog.setPipeline("stamp", { stamped: "yes" });
  const primaryPort: Cluster = {
    ...direct,
    async send(request) {
      const pending = primary.execute(request);
      if (!acknowledgesAlone) pending.settle();
      watch.executed(request.path);
      return pending.answer;
    },
  };
  await direct.send({ method: "PUT", path: "/books", body: Buffer.from(definition) });
  const shared = { primary: primaryPort, queue, payloads, envelope, telemetry, epoch: 0 };
  const catalogOf = (port: Cluster) => createPrimaryCatalog(port, 5000, now);
  const writer = {
    ...shared,
    catalog: catalogOf(primaryPort),
    intents: noIntents,
    intentMode: "before" as const,
    handles: () => Promise.resolve(fakeHandles),
    newId: () => "unused",
    bodyBytesMax: 1e6,
    writeTimeoutMs: 1000,
    enforceBulkRequestsOnly: false,
  };
  const request: Scene["request"] = (method, path, body = "", port = undefined) => {
    const services = port === undefined ? writer : { ...writer, primary: port, catalog: catalogOf(port) };
    const sentBy = { method, path, body, operations: 1 };
    return writeThrough(gatewayRequest(sentBy, nowMs + writerAheadMs), services);
  };
  const write = (body: string) => request("POST", "/_bulk", body);
  for (const [i, action] of ["index" as const, ...operations].entries()) {
    const document = action === "update" ? `{"doc":{"u":${i}}}` : `{"n":${i}}`;
    const line = `{"${action}":{"_index":"books","_id":"a"}}\n${action === "delete" ? "" : `${document}\n`}`;
    await write(line);
    nowMs += 10;
  }
  const services = (
    port = asCluster("backup", backup),
    ownPrimary: Cluster = primaryPort,
    ownQueue: Queue = queue,
  ): ReplayServices => ({
    ...shared,
    queue: ownQueue,
    primary: ownPrimary,
    backup: port,
    tombstones: createTombstones(port, now, { askFirstFrom: 1 }),
    incarnations: createIncarnations(ownPrimary, port, noUntranslated),
    untranslated: noUntranslated,
    shield: noShield,
    parkingLot: createParkingLot(ownQueue, payloads, envelope, now),
    now,
    monotonicMs: now,
    sleep: () => Promise.resolve(),
    retryMsMax: 1e9,
  });
  const [first, ...records] = sent;
  if (first === undefined) throw new Error("the first write was not queued");
  const scene: Scene = {
    primary,
    backup,
    queue,
    records,
    payloads,
    watch,
    request,
    write,
    replayBatch: (bodies, receives, ...ports) =>
      replayBatch(
        bodies.map((body) => messageOf(body, receives, nowMs)),
        services(...ports),
      ),
    replay: (body, receives, ...ports) => scene.replayBatch([body], receives, ...ports),
    consumer() {
      const own = services();
      return { replay: (body, receives) => replayBatch([messageOf(body, receives, nowMs)], own) };
    },
    async restart() {
      for (const name of [...backup.catalog.indices.keys()]) backup.catalog.remove(name);
      await scene.replay(first, 1);
    },
    forget(ms = 2 * minuteMs) {
      nowMs += ms;
    },
    takeSent: () => sent.splice(0),
    document: ({ catalog: { indices } }) => indices.get("books")?.shards[0]?.get("a")?.source,
  };
  await scene.restart();
  scene.takeSent();
  return scene;
}

function messageOf(body: string, receives: number, nowMs: number): ReceivedMessage {
  return {
    id: "m",
    receiptHandle: "r",
    body,
    receives,
    sentMs: nowMs,
    firstReceivedMs: nowMs,
    parkedAtMs: Number.NaN,
  };
}

/** A BACKUP whose requests for documents wait until they are let through. */
export interface SteppedCluster extends Cluster {
  readonly waiting: readonly unknown[];
  /** Executes the oldest waiting request and answers it. */
  step(): void;
}

export function createSteppedCluster(memory: MemoryCluster): SteppedCluster {
  const waiting: { request: ClusterRequest; resolve: (answer: ClusterResponse) => void }[] = [];
  return {
    name: "backup",
    waiting,
    step() {
      const next = waiting.shift();
      if (next === undefined) return;
      const pending = memory.execute(next.request);
      pending.settle();
      next.resolve(pending.answer);
    },
    send(request) {
      // Definitions stay as they are: only what touches documents and tombstones can come in an order.
      if (/_(bulk|mget|search)$/.test(request.path)) {
        return new Promise((resolve) => waiting.push({ request, resolve }));
      }
      return asCluster("backup", memory).send(request);
    },
    stream: () => Promise.reject(new Error("the model does not stream")),
    release: () => Promise.resolve({ product: "opensearch", version: "2.19.1" }),
    close: () => Promise.resolve(),
  };
}

export function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, i) => i !== at)).map((rest) => [item, ...rest]),
  );
}
