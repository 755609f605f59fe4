import type { Environment } from "../../functions/core/runtime/config.ts";
import { type Options, textOption } from "./arguments.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { dataDirOf } from "./data-dir.ts";
import { findGateway } from "./gateway-file.ts";
import { type GatewayStatus, readGatewayStatus } from "./gateway-status.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `understudy status`.
 * @throws CannotTell when no gateway answers.
 */
export async function showStatus(
  options: Options,
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode> {
  const dataDir = dataDirOf(options, environment);
  const url =
    textOption(options, "url") ??
    findGateway(dataDir)?.url ??
    `http://127.0.0.1:${environment["PORT"] || "18000"}`;
  const status = await readGatewayStatus(url, environment);
  if (status === undefined) {
    throw new CannotTell(
      `no gateway answers at ${url}, and none serves ${dataDir}\n` +
        "Start one with `npm start`, or name it with --url or --data-dir.",
    );
  }
  terminal.result(describe(url, status), status);
  return 0;
}

function describe(url: string, { clusters, queue, deadLetters, intents, fallback, counters }: GatewayStatus) {
  const cluster = ({ endpoint, product, version, state }: GatewayStatus["clusters"]["primary"]) =>
    `${state.padEnd(4)}  ${endpoint}  ${[product, version].filter(Boolean).join(" ")}`;
  const waiting = queue.visible + queue.inFlight + queue.delayed;
  const age = waiting > 0 ? `, the oldest for ${queue.oldestSeconds} s` : "";
  const counted = Object.entries(counters).filter(([, count]) => count > 0);
  const width = Math.max(0, ...counted.map(([name]) => name.length));
  return [
    `gateway       ${url}`,
    `PRIMARY       ${cluster(clusters.primary)}`,
    `BACKUP        ${cluster(clusters.backup)}`,
    `reads         ${fallback?.active ? "from BACKUP while PRIMARY is away" : "from PRIMARY"}`,
    `queue         ${waiting} records (${queue.visible} ready, ${queue.inFlight} in flight, ${queue.delayed} waiting)${age}`,
    `intents       ${intents}`,
    `dead letters  ${deadLetters.visible}${deadLetters.visible > 0 ? "  (understudy dead-letters list)" : ""}`,
    ...(counted.length > 0 ? ["since its start"] : []),
    ...counted.map(([name, count]) => `  ${name.padEnd(width)}  ${count}`),
  ].join("\n");
}
