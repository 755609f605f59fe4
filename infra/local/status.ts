import type { APIGatewayProxyResult } from "aws-lambda";
import type { Health } from "../../functions/core/cluster/health.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import type { UntranslatedList } from "../../functions/core/definition/untranslated.ts";
import { isIntent } from "../../functions/core/intent/intents.ts";
import type { Telemetry } from "../../functions/core/runtime/telemetry.ts";
import { describeCluster } from "./describe-cluster.ts";
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

const intentsCounted = 100_000;
const untranslatedListed = 1000;

/** `GET /_understudy/status`: a stable interface for scripts. */
export async function status(services: StatusServices): Promise<APIGatewayProxyResult> {
  const { queues, objects } = services.engines;
  const [primary, backup] = await Promise.all([
    describeCluster(services.primary),
    describeCluster(services.backup),
  ]);
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
