import { readIntent } from "../core/intent/intents.ts";
import type { ObjectStore } from "../core/payload/port.ts";
import type { Queue } from "../core/queue/port.ts";
import { type EnvelopeSettings, seal } from "../core/replication/envelope.ts";
import { looksAfterUnknown, type ReplicationRecord } from "../core/replication/record.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";

export interface SweepServices {
  readonly objects: ObjectStore;
  readonly intentPrefix: string;
  /** A younger intent may belong to a write that is still under way. */
  readonly intentAgeMs: number;
  readonly queue: Queue;
  readonly payloads: ObjectStore;
  readonly envelope: EnvelopeSettings;
  readonly telemetry: Telemetry;
  readonly now: () => number;
}

const keysPerRecord = 500;
const intentsPerSweep = 1000;

/**
 * Turns intents that were left over into reconcile records: whoever declared them died, or could not
 * enqueue, or never learned PRIMARY's outcome. An intent goes only when its records are queued.
 * @returns how many intents were swept.
 */
export async function sweepIntents(services: SweepServices): Promise<number> {
  const { objects, intentPrefix, intentAgeMs, now } = services;
  let swept = 0;
  for (const { key, modifiedMs } of await objects.list(intentPrefix, intentsPerSweep)) {
    if (now() - modifiedMs < intentAgeMs) continue;
    const body = await objects.get(key);
    if (body === undefined) continue;
    const intent = readIntent(body);
    if (intent === undefined) {
      services.telemetry.error("an intent cannot be read; it stays for a person to look at", { key });
      continue;
    }
    for (let from = 0; from < intent.keys.length; from += keysPerRecord) {
      const keys = intent.keys.slice(from, from + keysPerRecord);
      const { writtenAtMs } = intent;
      const reason = "intent left over";
      await sendReconcile(
        { kind: "reconcile", writtenAtMs, reason, keys, looksLeft: looksAfterUnknown },
        services,
      );
    }
    await objects.remove(key);
    swept++;
  }
  if (swept > 0) {
    services.telemetry.count("intentsSwept", swept);
    services.telemetry.warn("swept intents that were left over", { intents: swept });
  }
  return swept;
}

async function sendReconcile(record: ReplicationRecord, services: SweepServices): Promise<void> {
  await services.queue.send([await seal(record, Buffer.alloc(0), services.envelope, services.payloads)]);
  services.telemetry.count("recordsSent");
}
