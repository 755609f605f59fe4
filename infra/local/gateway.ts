import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { proxyResult } from "../../functions/core/http/answer.ts";
import { requestFrom } from "../../functions/core/http/request.ts";
import { isSearch } from "../../functions/core/routing/classify.ts";
import {
  admission,
  clientBackup,
  clientPrimary,
  config,
  primaryHealth,
  telemetry,
  untranslated,
} from "../../functions/core/runtime/process.ts";
import { sweepServices } from "../../functions/core/runtime/reconcile-services.ts";
import { writeServices } from "../../functions/core/runtime/write-services.ts";
import { handler as sweepHandler } from "../../functions/reconcile/handler.ts";
import { sweepIntents } from "../../functions/reconcile/sweep-intents.ts";
import { handler as replayHandler } from "../../functions/replay/handler.ts";
import { bufferedHandler, handler as searchHandler } from "../../functions/search/handler.ts";
import { longestWaitMs } from "../../functions/search/waits.ts";
import { handler as writeHandler } from "../../functions/write/handler.ts";
import { announceGateway } from "../cli/gateway-file.ts";
import { lookingAfterwards } from "./collect-early.ts";
import type { EmbeddedClients } from "./embedded/clients.ts";
import { createEventSourceMapping } from "./event-source-mapping.ts";
import { type HostSettings, queueUrlPrefix, recordsQueue } from "./host-settings.ts";
import { createLambdaContext, type Log } from "./lambda-context.ts";
import { isStreamed } from "./response-stream.ts";
import { createRestApi } from "./rest-api.ts";
import type { LocalFunction } from "./rest-api-function.ts";
import { s3Endpoint, s3Path } from "./s3-endpoint.ts";
import { sqsEndpoint, sqsPath } from "./sqs-endpoint.ts";
import { status, statusPath } from "./status.ts";

export interface Gateway {
  readonly port: number;
  /** Stops accepting, finishes what runs, leaves the rest in the queue. */
  close(): Promise<void>;
}

const sweepEveryMs = 5000;
const sweepTimeoutMs = 60_000;
const expireEveryMs = 3_600_000;
const replayTimeoutMs = 120_000;
const functionGraceMs = 10_000;

/** The functions in this process: API in front, event source mapping behind, the sweep on its schedule. */
export async function startGateway(
  settings: HostSettings,
  engines: EmbeddedClients,
  look: () => void,
): Promise<Gateway> {
  const log: Log = ({ level, message, ...fields }) => telemetry[level](message, fields);
  const functions = localFunctions(engines, settings.host, look);
  const api = createRestApi({
    host: settings.host,
    port: settings.port,
    route: (method, path) => {
      look();
      return routed(functions, method, path);
    },
    bodyBytesMax: config().bodyBytesMax,
    functionTimeoutMs:
      Math.max(config().writeTimeoutMs, config().readTimeoutMs * 2, longestWaitMs) + functionGraceMs,
    log,
  });
  const mapping = createEventSourceMapping({
    sqs: engines.sqs,
    queueUrl: queueUrlPrefix + recordsQueue,
    queueArn: `arn:aws:sqs:us-east-1:000000000000:${recordsQueue}`,
    handler: lookingAfterwards(replayHandler, look),
    functionName: "replay",
    batchSize: 10,
    concurrency: 2,
    functionTimeoutMs: replayTimeoutMs,
    log,
  });
  // This process has no write under way yet, so every intent was left by one that ended. What cannot be
  // swept now is swept later: it is no reason not to start.
  await sweepIntents({ ...sweepServices(), intentAgeMs: 0 }).catch((error: unknown) =>
    log({ level: "error", message: "the sweep at the start failed; it runs again", reason: String(error) }),
  );
  const { port } = await api.listen();
  const withdraw = announceGateway(settings.dataDir, settings.host, port);
  mapping.start();
  const timers = [every(sweepEveryMs, () => sweep(log)), every(expireEveryMs, () => expire(engines))];
  return {
    port,
    async close() {
      for (const timer of timers) clearInterval(timer);
      withdraw();
      await api.close();
      await mapping.stop();
      await writeServices().intents.settled();
    },
  };
}

interface LocalFunctions {
  readonly read: LocalFunction;
  readonly write: LocalFunction;
  readonly status: LocalFunction;
  readonly sqs: LocalFunction;
  readonly s3: LocalFunction;
}

function localFunctions(engines: EmbeddedClients, host: string, look: () => void): LocalFunctions {
  const { primary, backup } = config();
  const list = (endpoints: readonly URL[]) =>
    endpoints.map(({ origin, pathname }) => origin + pathname.replace(/\/$/, "")).join(",");
  const statusServices = {
    primary: clientPrimary(),
    backup: clientBackup(),
    endpoints: { primary: list(primary.endpoints), backup: list(backup.endpoints) },
    primaryHealth,
    engines,
    intentPrefix: config().intentPrefix,
    telemetry,
    untranslated,
    now: Date.now,
  };
  const access = { host, authMode: config().authMode, admit: admission() };
  return {
    read: isStreamed(searchHandler)
      ? { kind: "streamed", name: "search", handler: searchHandler }
      : { kind: "buffered", name: "search", handler: bufferedHandler },
    write: { kind: "buffered", name: "write", handler: lookingAfterwards(writeHandler, look) },
    status: {
      kind: "buffered",
      name: "status",
      handler: async (event) => (await refusal(event)) ?? status(statusServices),
    },
    sqs: sqsEndpoint(engines.queues, access),
    s3: s3Endpoint(engines.objects, access),
  };
}

/** The status tells of the clusters: it is for the same people as the gateway. */
async function refusal(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult | undefined> {
  const admitted = await admission()(event, requestFrom(event, Date.now()));
  return admitted.kind === "refused" ? proxyResult(admitted.answer) : undefined;
}

/** As the stack's resource tree does: reads to the search function, the rest to the write function. */
function routed(functions: LocalFunctions, method: string, path: string): LocalFunction {
  if (path === statusPath && method === "GET") return functions.status;
  if (path === sqsPath || path.startsWith(`${sqsPath}/`)) return functions.sqs;
  if (path.startsWith(`${s3Path}/`)) return functions.s3;
  return isSearch(method, path) ? functions.read : functions.write;
}

async function sweep(log: Log): Promise<void> {
  try {
    await sweepHandler({}, createLambdaContext({ functionName: "reconcile", timeoutMs: sweepTimeoutMs }));
  } catch (error) {
    log({ level: "error", message: "the sweep failed; it runs again", reason: String(error) });
  }
}

async function expire(engines: EmbeddedClients): Promise<void> {
  await engines.objects.expire(Date.now());
}

function every(ms: number, run: () => Promise<void>): NodeJS.Timeout {
  let running = false;
  return setInterval(async () => {
    if (running) return;
    running = true;
    await run().finally(() => {
      running = false;
    });
  }, ms);
}
