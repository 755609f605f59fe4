import { setFlagsFromString } from "node:v8";
import { ConfigError } from "../../functions/core/runtime/config.ts";
import { earlyCollection } from "./collect-early.ts";
import { DataDirInUseError } from "./embedded/data-dir-lock.ts";
import { keptHandleKey } from "./handle-key.ts";
import { functionEnvironment } from "./host-settings.ts";
import { preflight } from "./preflight.ts";
import { installAwsLambda } from "./response-stream.ts";
import { MissingRequirementsError } from "./servers/requirements.ts";

/**
 * The compiler of Node 20 optimises a function after it has run through so much bytecode, and often once more after
 * it has learnt of another type. A bulk runs much code a few times, so compiling took a tenth of the CPU of the first
 * 100,000 documents, and more than it gave back. Later versions count invocations instead.
 */
function compileLater(): void {
  if (process.versions.node.startsWith("20.")) setFlagsFromString("--interrupt-budget=540000");
}

/** `npm start`: the gateway on this machine. Everything it says to a person goes to standard error. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  compileLater();
  const settings = await preflight(process.env, say);
  const servers = settings.startsServers ? await startServers(settings.dataDir) : undefined;
  Object.assign(process.env, functionEnvironment({ ...process.env, ...servers?.environment }));
  process.env["HANDLE_KEY"] ||= keptHandleKey(settings.dataDir);
  installAwsLambda();
  // Only now: the handlers read the environment and the runtime's globals when they are loaded.
  const { openGateway } = await import("./open-gateway.ts");
  const gateway = await openGateway(settings, earlyCollection()).catch(async (error: unknown) => {
    await servers?.stop();
    throw error;
  });
  // Before a word is said: who reads that it listens may send the signal at once.
  let ending = false;
  const end = async () => {
    if (ending) process.exit(1);
    ending = true;
    say("ending: what runs is finished, the rest stays in the queue");
    await gateway.close();
    await servers?.stop();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  say(`understudy listens on http://${settings.host}:${gateway.port}`);
  say(`  PRIMARY ${process.env["PRIMARY_ENDPOINT"]}`);
  say(`  BACKUP  ${process.env["BACKUP_ENDPOINT"]}`);
  say(`  queue and payloads in ${settings.dataDir}`);
  say(`  state: curl http://${settings.host}:${gateway.port}/_understudy/status`);
}

async function startServers(dataDir: string) {
  say("PRIMARY_ENDPOINT and BACKUP_ENDPOINT are not set: starting two real servers for you");
  const { startPair } = await import("./servers/pair.ts");
  const pair = await startPair({ dataDir, onProgress: say });
  return {
    environment: { PRIMARY_ENDPOINT: pair.primary.endpoint, BACKUP_ENDPOINT: pair.backup.endpoint },
    stop: () => pair.stop(),
  };
}

/** What a person can mend gets its message alone; anything else is a defect and shows where it came from. */
function explain(error: unknown): string {
  const expected =
    error instanceof ConfigError ||
    error instanceof DataDirInUseError ||
    error instanceof MissingRequirementsError;
  if (expected) return error.message;
  if (!(error instanceof Error)) return String(error);
  const port = process.env["PORT"] || "18000";
  if ("code" in error && error.code === "EADDRINUSE") {
    return `PORT ${port} is in use by another program: end that, or set PORT to a free one`;
  }
  return error.stack ?? error.message;
}

main().catch((error: unknown) => {
  say(explain(error));
  process.exit(1);
});
