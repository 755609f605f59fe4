import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../../infra/local/servers/ports.ts";
import { watchProcessGroup } from "../../infra/local/servers/watchdog.ts";

/** AWS on this machine: MiniStack, which runs the deployed functions too. */
export interface Emulator {
  readonly port: number;
  /** What the AWS SDK, the CDK's command line and `understudy` read. Any key is accepted. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  /** Of the virtual environment that has MiniStack. */
  readonly ministack: string;
  /** The folder of the `node` that runs the functions. */
  readonly node: string;
  /** For its log, and what it unpacks. */
  readonly folder: string;
}

const region = "us-east-1";
const keys = { AWS_ACCESS_KEY_ID: "understudy-test", AWS_SECRET_ACCESS_KEY: "any" };

/** Starts the emulator on a free port of loopback. It dies with this process. Rejects with its log. */
export async function startEmulator({ ministack, node, folder }: EmulatorOptions): Promise<Emulator> {
  const [port = 0] = await freePorts(1);
  const logFile = join(folder, "ministack.log");
  const output = openSync(logFile, "w");
  const child = spawn(join(ministack, "bin/python"), ["-m", "ministack"], {
    cwd: folder,
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      PATH: [node, process.env["PATH"]].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      GATEWAY_PORT: String(port),
      BIND_HOST: "127.0.0.1",
      // APIs are known by the host <id>.execute-api.localhost.
      MINISTACK_HOST: "localhost",
      LAMBDA_EXECUTOR: "local",
      ...keys,
    },
  });
  closeSync(output);
  await once(child, "spawn");
  const watchdog = watchProcessGroup(child.pid ?? 0);
  const gone = once(child, "exit").then(() => watchdog.dismiss());
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(endpoint)); tries++) {
    if (child.exitCode !== null || tries === 600) {
      child.kill("SIGKILL");
      throw new Error(`MiniStack did not come up:\n${await readFile(logFile, "utf8")}`);
    }
    await pause(100);
  }
  return {
    port,
    environment: { ...keys, AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region },
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await gone;
      clearTimeout(late);
    },
  };
}

function answers(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}
