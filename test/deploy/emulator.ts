import { delimiter, join } from "node:path";
import { freePorts } from "../../infra/local/servers/ports.ts";
import { startServer } from "./server-process.ts";

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
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = await startServer({
    name: "ministack",
    command: [join(ministack, "bin/python"), "-m", "ministack"],
    folder,
    probe: `${endpoint}/_ministack/health`,
    environment: {
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
  return {
    port,
    environment: { ...keys, AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region },
    stop,
  };
}
