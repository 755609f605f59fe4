import { setTimeout as pause } from "node:timers/promises";
import { serverAccount } from "./account.ts";
import { type Release, title } from "./catalogue.ts";
import type { Progress } from "./distribution.ts";
import { type InstallationPlan, prepareInstallation, type Settings } from "./installation.ts";
import { fetchWithModules, type ServerModule } from "./modules.ts";
import { freePorts } from "./ports.ts";
import { type ServerProcess, ServerStartError, startProcess } from "./process.ts";
import { requireJdk } from "./requirements.ts";

export interface ServerOptions extends Release {
  /** @default a free port */
  readonly port?: number;
  /** @default a free port */
  readonly transportPort?: number;
  /** Data, logs and configuration. The same folder again: the same data again. Absolute. */
  readonly dataDir: string;
  /** @default 512 */
  readonly heapMb?: number;
  /** Further settings, as they would stand in the server's configuration file. */
  readonly settings?: Settings;
  /** What the minimal distribution lacks. @default none */
  readonly modules?: readonly ServerModule[];
  readonly onProgress?: Progress;
}

/** A real Elasticsearch or OpenSearch on loopback. It dies with the process that started it, however that ends. */
export interface RunningServer extends Release {
  readonly endpoint: string;
  /** Of the Java process; another one after `restart`. */
  readonly pid: number;
  /** Ends it in the ordinary way. Does nothing where it is down already. */
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** SIGSTOP: from when this resolves it keeps its connections and answers nothing. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** Stops it where it runs, and starts it again on the same ports and data. */
  restart(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const TRIES = 3;

/**
 * Starts a server (fetching its distribution the first time) and resolves when it answers. Rejects with the last
 * lines of its output when it dies or takes over 120 s, and with what is missing where there is no Java or Maven.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, onProgress } = options;
  const release: Release = { product: options.product, version: options.version };
  const account = await serverAccount();
  const jdk = await requireJdk(release);
  const progress = onProgress === undefined ? {} : { progress: onProgress };
  const home = await fetchWithModules(release, options.modules ?? [], progress);
  const common = { release, home, jdk, account, dataDir };
  const heapMb = options.heapMb ?? 512;

  const start = async (ports: Ports): Promise<ServerProcess> => {
    const plan: InstallationPlan = { ...common, ...ports, heapMb, settings: options.settings ?? {} };
    const began = performance.now();
    const installation = await prepareInstallation(plan);
    const started = await startProcess(installation, endpointOf(ports), START_TIMEOUT_MS);
    const seconds = Math.round((performance.now() - began) / 1000);
    onProgress?.(`${title(release)} is up on ${endpointOf(ports)} (${seconds} s)`);
    return started;
  };

  const first = await startOnFreePorts(options, start);
  let process = first.process;
  return {
    ...release,
    endpoint: endpointOf(first.ports),
    get pid() {
      return process.pid;
    },
    stop: () => process.stop(),
    kill: () => process.kill(),
    freeze: () => process.freeze(),
    thaw: () => process.thaw(),
    async restart() {
      await process.stop();
      process = await start(first.ports);
    },
  };
}

interface Ports {
  readonly port: number;
  readonly transportPort: number;
}

function endpointOf({ port }: Ports): string {
  return `http://127.0.0.1:${port}`;
}

/** Again, on other ports, where a port was taken in the moment between finding and using it. */
async function startOnFreePorts(
  options: ServerOptions,
  start: (ports: Ports) => Promise<ServerProcess>,
): Promise<{ ports: Ports; process: ServerProcess }> {
  for (let attempt = 1; ; attempt++) {
    const [port = 0, transportPort = 0] = await freePorts(2);
    const ports = { port: options.port ?? port, transportPort: options.transportPort ?? transportPort };
    try {
      return { ports, process: await start(ports) };
    } catch (error) {
      const again = error instanceof ServerStartError && error.somethingTaken && attempt < TRIES;
      if (!again) throw error;
      await pause(1_000);
    }
  }
}
