import type { Environment } from "../../functions/core/runtime/config.ts";
import { type Options, textOption } from "./arguments.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import { dataDirOf } from "./data-dir.ts";
import { findGateway } from "./gateway-file.ts";
import { type GatewayStatus, readGatewayStatus } from "./gateway-status.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `understudy status`, of a local gateway or of a stack.
 * @throws CannotTell when no gateway answers, or there is no such stack.
 */
export async function showStatus(
  options: Options,
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode> {
  const stack = textOption(options, "stack");
  if (stack !== undefined) return showStack(stack, environment, terminal);
  const dataDir = dataDirOf(options, environment);
  const url =
    textOption(options, "url") ??
    findGateway(dataDir)?.url ??
    `http://127.0.0.1:${environment["PORT"] || "18000"}`;
  const status = await readGatewayStatus(url, environment);
  if (status === undefined) {
    throw new CannotTell(
      `no gateway answers at ${url}, and none serves ${dataDir}\n` +
        "Start one with `npm start`, or name it with --url or --data-dir, or a deployed stack with --stack.",
    );
  }
  const { fallback } = status;
  const reads = `reads         ${fallback?.active ? "from BACKUP while PRIMARY is away" : "from PRIMARY"}`;
  terminal.result(describe(`gateway       ${url}`, status, reads, "since its start", terminal), status);
  return 0;
}

async function showStack(stack: string, environment: Environment, terminal: Terminal): Promise<ExitCode> {
  const { readStackStatus } = await import("./stack-status.ts");
  const status = await readStackStatus(stack, environment, terminal);
  const { parking } = status;
  const parked = parking === undefined ? 0 : waiting(parking);
  const sorted = parked > 0 ? `parking       ${parked} records, being sorted` : undefined;
  terminal.result(describe(`stack         ${stack}`, status, sorted, "in the last hour", terminal), status);
  return 0;
}

type Depth = Pick<GatewayStatus["queue"], "visible" | "inFlight" | "delayed">;

function waiting({ visible, inFlight, delayed }: Depth): number {
  return visible + inFlight + delayed;
}

function describe(
  place: string,
  { clusters, queue, deadLetters, intents, counters }: GatewayStatus,
  own: string | undefined,
  counted: string,
  { command }: Terminal,
): string {
  const cluster = ({ endpoint, product, version, state }: GatewayStatus["clusters"]["primary"]) => {
    const release = [product, version].filter(Boolean).join(" ");
    if (state === "unknown") return `?     ${endpoint}  does not answer from here`;
    return `${state.padEnd(4)}  ${endpoint}  ${release}`;
  };
  const { visible, inFlight, delayed, oldestSeconds } = queue;
  const age = waiting(queue) > 0 && oldestSeconds !== undefined ? `, the oldest for ${oldestSeconds} s` : "";
  const above = Object.entries(counters).filter(([, count]) => count > 0);
  const width = Math.max(0, ...above.map(([name]) => name.length));
  return [
    place,
    `PRIMARY       ${cluster(clusters.primary)}`,
    `BACKUP        ${cluster(clusters.backup)}`,
    `queue         ${waiting(queue)} records (${visible} ready, ${inFlight} in flight, ${delayed} waiting)${age}`,
    `intents       ${intents}`,
    ...(own === undefined ? [] : [own]),
    `dead letters  ${deadLetters.visible}${deadLetters.visible > 0 ? `  (${command("dead-letters list")})` : ""}`,
    above.length > 0 ? counted : `nothing counted ${counted}`,
    ...above.map(([name, count]) => `  ${name.padEnd(width)}  ${count}`),
  ].join("\n");
}
