import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { untilAnswering } from "./answering.ts";
import type { Installation } from "./installation.ts";
import { watchProcessGroup } from "./watchdog.ts";

/** A server that answers. */
export interface ServerProcess {
  /** Of the Java process that serves (Elasticsearch 8 and newer have a launcher beside it). */
  readonly pid: number;
  /** Asks the server to stop, and kills it after 30 s. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP. Resolves when not one of its threads runs any more. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
}

/** Why a server did not come up. `output` is the end of what it printed. */
export class ServerStartError extends Error {
  override readonly name = "ServerStartError";
  readonly output: string;

  constructor(message: string, output: string) {
    super(`${message}. Its last lines:\n${output}`);
    this.output = output;
  }

  /** Whether a port or the data folder's lock was taken: both can be free again a moment later. */
  get somethingTaken(): boolean {
    return /BindException|Address already in use|failed to obtain node lock/i.test(this.output);
  }
}

/**
 * Starts the installed server and resolves when it answers on `endpoint`. Rejects with a `ServerStartError` when it
 * dies first or takes longer than `timeoutMs`; then nothing of it is left. It never outlives this process.
 */
export async function startProcess(
  installation: Installation,
  endpoint: string,
  timeoutMs: number,
): Promise<ServerProcess> {
  const { launcher, groupId } = await spawnGroup(installation);
  const watchdog = watchProcessGroup(groupId);
  const gone = new Promise<void>((resolve) => launcher.once("exit", () => resolve()));
  const stillHere = new AbortController();
  void gone.then(() => {
    watchdog.dismiss();
    stillHere.abort();
  });

  const killGroup = (): void => sendSignal(-groupId, "SIGKILL");
  const goneWithin = async (ms: number): Promise<void> => {
    const patience = new AbortController();
    const late = pause(ms, undefined, { signal: patience.signal }).then(killGroup, () => {});
    await gone;
    patience.abort();
    await late;
  };

  const deadline = AbortSignal.timeout(timeoutMs);
  const pid = await untilAnswering(endpoint, AbortSignal.any([deadline, stillHere.signal]));
  if (pid === undefined) {
    const reason = stillHere.signal.aborted
      ? "The server ended"
      : `The server did not answer within ${timeoutMs} ms`;
    killGroup();
    await gone;
    throw new ServerStartError(reason, await lastLines(installation.console));
  }
  return {
    pid,
    async stop() {
      sendSignal(pid, "SIGCONT");
      sendSignal(groupId, "SIGTERM");
      await goneWithin(30_000);
    },
    async kill() {
      sendSignal(pid, "SIGKILL");
      await goneWithin(5_000);
    },
    async freeze() {
      sendSignal(pid, "SIGSTOP");
      await untilStopped(pid);
    },
    thaw: () => sendSignal(pid, "SIGCONT"),
  };
}

/** The child leads a new process group, which is what the watchdog kills. */
function spawnGroup(installation: Installation): Promise<{ launcher: ChildProcess; groupId: number }> {
  const output = openSync(installation.console, "w");
  const launcher = spawn(installation.command, installation.args, {
    cwd: "/",
    env: { ...installation.env },
    detached: true,
    // Into a file: a pipe would stop the server whenever this process is too busy to read it.
    stdio: ["ignore", output, output],
    ...installation.account,
  });
  closeSync(output);
  return new Promise((resolve, reject) => {
    launcher.once("error", reject);
    launcher.once("spawn", () => {
      if (launcher.pid !== undefined) resolve({ launcher, groupId: launcher.pid });
    });
  });
}

/** A process that is gone already needs no signal. */
function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Threads take a moment to notice a stop, and answer requests meanwhile. Linux tells; elsewhere 200 ms must do. */
async function untilStopped(pid: number): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  for (let tries = 0; tries < 500; tries++) {
    const threads = await readdir(tasks).catch(() => undefined);
    if (threads === undefined) return pause(200);
    const stats = await Promise.all(
      threads.map((id) => readFile(`${tasks}/${id}/stat`, "utf8").catch(() => "")),
    );
    // `pid (name) state …`, where the name may hold anything; an empty text is a thread that ended meanwhile.
    if (stats.every((stat) => stat === "" || /\) [TtZX] [^)]*$/.test(stat))) return;
    await pause(10);
  }
  throw new Error(`Process ${pid} did not stop within 5 s of SIGSTOP`);
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-40).join("\n");
}
