import type { PrimaryCatalog } from "../../functions/core/definition/primary-catalog.ts";
import { createIntents, noIntents } from "../../functions/core/intent/intents.ts";
import type { WriteServices } from "../../functions/write/write-services.ts";
import { type Answering, fakeCluster } from "./fake-cluster.ts";
import { fakeHandles } from "./fake-handles.ts";
import { fakeObjectStore } from "./fake-object-store.ts";
import { fakeQueue } from "./fake-queue.ts";
import { fakeTelemetry } from "./fake-telemetry.ts";

export interface FakeCatalog extends PrimaryCatalog {
  readonly forgotten: string[];
  /** What `describe` says from now on; throwing there is PRIMARY not answering. */
  says(describe: PrimaryCatalog["describe"]): void;
}

/** A catalog in which every index is its own first incarnation, without pipelines. */
export function fakeCatalog(): FakeCatalog {
  const forgotten: string[] = [];
  const routed = new Set<string>();
  let describing: PrimaryCatalog["describe"] = async (index) => ({
    incarnation: { index, uuid: `uuid-${index}`, createdMs: 1 },
    hasPipeline: false,
    aliasRouting: new Map(),
  });
  return {
    forgotten,
    says(describe) {
      describing = describe;
    },
    describe: (index) => describing(index),
    forget: (index) => void forgotten.push(index),
    forgetAll: () => void forgotten.push("*"),
    usesRouting: async (index) => routed.has(index),
    noteRouting: (index) => void routed.add(index),
  };
}

/** What the write use-cases stand on, with a PRIMARY that answers as given. */
export function fakeWriteServices(answering: Answering, more: Partial<WriteServices> = {}) {
  const primary = fakeCluster("primary", answering);
  const queue = fakeQueue();
  const store = fakeObjectStore();
  const intentStore = fakeObjectStore();
  const telemetry = fakeTelemetry();
  const catalog = fakeCatalog();
  let ids = 0;
  const intents =
    more.intentMode === "off" ? noIntents : createIntents(intentStore, "intents/", () => undefined);
  const services: WriteServices = {
    primary,
    handles: () => Promise.resolve(fakeHandles),
    catalog,
    intents,
    intentMode: "before",
    queue,
    payloads: store,
    envelope: { encoding: "plain", inlineBytesMax: 400_000, payloadPrefix: "payloads/" },
    telemetry,
    epoch: 1,
    newId: () => `new-${++ids}`,
    bodyBytesMax: 1_000_000,
    writeTimeoutMs: 1234,
    enforceBulkRequestsOnly: false,
    ...more,
  };
  /** Intents that stay for the sweep. */
  async function intentsLeft(): Promise<number> {
    await intents.settled();
    return intentStore.objects.size;
  }
  return { services, primary, queue, store, intentStore, telemetry, catalog, intentsLeft };
}
