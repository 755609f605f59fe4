import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { freePorts } from "../servers/ports.ts";
import { watchProcessGroup } from "../servers/watchdog.ts";
import { parseAnswer, request } from "./rest.ts";

const Status = v.object({
  clusters: v.object({
    primary: v.object({ state: v.picklist(["up", "down"]) }),
    backup: v.object({ state: v.picklist(["up", "down"]) }),
  }),
  queue: v.object({ visible: v.number(), inFlight: v.number(), delayed: v.number() }),
  deadLetters: v.object({ visible: v.number() }),
  intents: v.number(),
});

export type GatewayStatus = v.InferOutput<typeof Status>;

/** The gateway under show: a process of its own, used over HTTP only. */
export interface Gateway {
  readonly endpoint: string;
  status(): Promise<GatewayStatus>;
  /** Resolves with the first status that suits; rejects with the last one when none did in time. */
  until(suits: (status: GatewayStatus) => boolean, timeoutMs: number): Promise<GatewayStatus>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly dataDir: string;
  readonly primaryEndpoint: string;
  readonly backupEndpoint: string;
}

const START_TIMEOUT_MS = 60_000;

/** Starts the gateway and resolves when it sees PRIMARY. Rejects with its last lines when it ends or takes over 60 s. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const [port = 0] = await freePorts(1);
  await mkdir(options.dataDir, { recursive: true });
  const log = join(options.dataDir, "gateway.log");
  const child = await spawnGateway(options, port, log);
  const gateway = describeGateway(`http://127.0.0.1:${port}`, child);
  const trouble = await Promise.race([
    gateway
      .until((status) => status.clusters.primary.state === "up", START_TIMEOUT_MS)
      .then(() => undefined, String),
    once(child, "exit").then(() => "it ended"),
  ]);
  if (trouble === undefined) return gateway;
  await gateway.stop();
  const lines = (await readFile(log, "utf8")).trimEnd().split("\n").slice(-20).join("\n");
  throw new Error(`The gateway did not come up (${trouble}). Its last lines:\n${lines}`);
}

async function spawnGateway(options: GatewayOptions, port: number, log: string): Promise<ChildProcess> {
  const [program, ...args] = options.command;
  const output = openSync(log, "w");
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      ...process.env,
      HOST: "127.0.0.1",
      PORT: String(port),
      DATA_DIR: options.dataDir,
      PRIMARY_ENDPOINT: options.primaryEndpoint,
      BACKUP_ENDPOINT: options.backupEndpoint,
    },
  });
  closeSync(output);
  await once(child, "spawn");
  if (child.pid !== undefined) {
    const watchdog = watchProcessGroup(child.pid);
    child.once("exit", () => watchdog.dismiss());
  }
  return child;
}

function describeGateway(endpoint: string, child: ChildProcess): Gateway {
  const status = async (): Promise<GatewayStatus> =>
    parseAnswer(Status, await request("GET", `${endpoint}/_understudy/status`));
  return {
    endpoint,
    status,
    async until(suits, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const seen = await status().catch((error: unknown) => String(error));
        if (typeof seen !== "string" && suits(seen)) return seen;
        if (performance.now() > deadline)
          throw new Error(`Not within ${timeoutMs} ms: ${JSON.stringify(seen)}`);
        await pause(200);
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
      await gone;
      clearTimeout(late);
    },
  };
}
