import type { APIGatewayProxyResult } from "aws-lambda";
import type { Health } from "../../functions/core/cluster/health.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import type { UntranslatedList } from "../../functions/core/definition/untranslated.ts";
import { isIntent } from "../../functions/core/intent/intents.ts";
import type { Telemetry } from "../../functions/core/runtime/telemetry.ts";
import type { EmbeddedClients } from "./embedded/clients.ts";
import { deadLetterQueue, recordsQueue } from "./host-settings.ts";

export interface StatusServices {
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly endpoints: { readonly primary: string; readonly backup: string };
  readonly primaryHealth: Health;
  readonly engines: Pick<EmbeddedClients, "queues" | "objects">;
  readonly intentPrefix: string;
  readonly telemetry: Telemetry;
  readonly untranslated: Pick<UntranslatedList, "all">;
  readonly now: () => number;
}

/** The path of the status, which no cluster has. */
export const statusPath = "/_understudy/status";

const pingTimeoutMs = 1000;
const intentsCounted = 100_000;
const untranslatedListed = 1000;

/** `GET /_understudy/status`: a stable interface for scripts. */
export async function status(services: StatusServices): Promise<APIGatewayProxyResult> {
  const { queues, objects } = services.engines;
  const [primary, backup] = await Promise.all([describe(services.primary), describe(services.backup)]);
  const records = queues.stats(recordsQueue);
  const parked = queues.stats(deadLetterQueue);
  const { visible, inFlight, delayed, oldestSentAtMs } = records;
  const body = {
    clusters: {
      primary: { endpoint: services.endpoints.primary, ...primary },
      backup: { endpoint: services.endpoints.backup, ...backup },
    },
    queue: { visible, inFlight, delayed, oldestSeconds: ageSeconds(oldestSentAtMs, services.now()) },
    deadLetters: { visible: parked.visible + parked.inFlight + parked.delayed },
    intents: objects
      .list({ prefix: services.intentPrefix, limit: intentsCounted })
      .filter(({ key }) => isIntent(key, services.intentPrefix)).length,
    fallback: { active: services.primaryHealth.state() === "down" },
    untranslated: services.untranslated.all().slice(0, untranslatedListed),
    counters: services.telemetry.counters(),
  };
  return {
    statusCode: 200,
    headers: { "content-type": "application/json; charset=UTF-8" },
    body: `${JSON.stringify(body, undefined, 2)}\n`,
  };
}

function ageSeconds(sentAtMs: number | undefined, nowMs: number): number {
  return sentAtMs === undefined ? 0 : Math.max(0, Math.round((nowMs - sentAtMs) / 100) / 10);
}

interface Description {
  readonly product: string | undefined;
  readonly version: string | undefined;
  readonly state: "up" | "down";
}

async function describe(cluster: Cluster): Promise<Description> {
  const ping = cluster.send({ method: "GET", path: "/", timeoutMs: pingTimeoutMs });
  // Elasticsearch's minimal distributions from 8 on answer 405 to `GET /`.
  const up = await ping.then(
    ({ status }) => status < 500,
    () => false,
  );
  const release = up ? await cluster.release().catch(() => undefined) : undefined;
  return { product: release?.product, version: release?.version, state: up ? "up" : "down" };
}
