import * as v from "valibot";

const cluster = v.looseObject({
  endpoint: v.string(),
  product: v.optional(v.string()),
  version: v.optional(v.string()),
  state: v.picklist(["up", "down"]),
});

const statusSchema = v.looseObject({
  clusters: v.looseObject({ primary: cluster, backup: cluster }),
  queue: v.looseObject({
    visible: v.number(),
    inFlight: v.number(),
    delayed: v.number(),
    oldestSeconds: v.number(),
  }),
  deadLetters: v.looseObject({ visible: v.number() }),
  intents: v.number(),
  fallback: v.optional(v.looseObject({ active: v.boolean() })),
  counters: v.record(v.string(), v.number()),
});

/** `GET /_understudy/status` (design.md, "Stable interfaces"); what this code does not know is kept. */
export type GatewayStatus = v.InferOutput<typeof statusSchema>;

const timeoutMs = 10_000;

/** The status of the gateway at an address; `undefined` when nothing there answers as a gateway does. */
export async function readGatewayStatus(url: string): Promise<GatewayStatus | undefined> {
  try {
    const target = `${url.replace(/\/+$/, "")}/_understudy/status`;
    const answer = await fetch(target, { signal: AbortSignal.timeout(timeoutMs) });
    const parsed = v.safeParse(statusSchema, await answer.json());
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
