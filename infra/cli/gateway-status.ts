import * as v from "valibot";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { CannotTell } from "./cannot-tell.ts";
import { gatewayAuthorization } from "./gateway-credentials.ts";

const cluster = v.looseObject({
  endpoint: v.string(),
  product: v.optional(v.string()),
  version: v.optional(v.string()),
  /** `unknown`: it does not answer where this was asked, which may be outside of its network. */
  state: v.picklist(["up", "down", "unknown"]),
});

const statusSchema = v.looseObject({
  clusters: v.looseObject({ primary: cluster, backup: cluster }),
  queue: v.looseObject({
    visible: v.number(),
    inFlight: v.number(),
    delayed: v.number(),
    /** `undefined`: nobody measured it. */
    oldestSeconds: v.optional(v.number()),
  }),
  /** On a stack: parked, and not a dead letter yet. */
  parking: v.optional(v.looseObject({ visible: v.number(), inFlight: v.number(), delayed: v.number() })),
  deadLetters: v.looseObject({ visible: v.number() }),
  intents: v.number(),
  fallback: v.optional(v.looseObject({ active: v.boolean() })),
  counters: v.record(v.string(), v.number()),
});

/**
 * `GET /_understudy/status` (README, "Status"), and what is known of a stack in the same form; what this code does
 * not know is kept.
 */
export type GatewayStatus = v.InferOutput<typeof statusSchema>;

const timeoutMs = 10_000;

/**
 * The status of the gateway at an address; `undefined` when nothing there answers as a gateway does.
 * @throws CannotTell when it wants other credentials.
 */
export async function readGatewayStatus(
  url: string,
  environment: Environment,
): Promise<GatewayStatus | undefined> {
  const answer = await ask(`${url.replace(/\/+$/, "")}/_understudy/status`, environment);
  if (answer?.status === 401) {
    throw new CannotTell(
      `the gateway at ${url} wants credentials\nSet CLIENT_USERNAME and CLIENT_PASSWORD as they are set for the gateway.`,
    );
  }
  const parsed = v.safeParse(statusSchema, answer?.json);
  return parsed.success ? parsed.output : undefined;
}

async function ask(
  target: string,
  environment: Environment,
): Promise<{ readonly status: number; readonly json: unknown } | undefined> {
  const authorization = gatewayAuthorization(environment);
  try {
    const answer = await fetch(target, {
      signal: AbortSignal.timeout(timeoutMs),
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    return { status: answer.status, json: await answer.json() };
  } catch {
    return undefined;
  }
}
