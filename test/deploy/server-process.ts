import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { watchProcessGroup } from "../../infra/local/servers/watchdog.ts";

export interface ServerProgram {
  /** Of its log file, too. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** It runs there, and its log is there. */
  readonly folder: string;
  /** Whatever it answers there, as long as it answers, says that it is up. */
  readonly probe: string;
}

/** Starts a server and waits until it answers; it dies with this process. Rejects with its log. @returns what ends it. */
export async function startServer(server: ServerProgram): Promise<() => Promise<void>> {
  const { name, command, environment: env, folder: cwd, probe } = server;
  const logFile = join(cwd, `${name}.log`);
  const output = openSync(logFile, "w");
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  await once(child, "spawn");
  const watchdog = watchProcessGroup(child.pid ?? 0);
  const gone = once(child, "exit").then(() => watchdog.dismiss());
  for (let tries = 0; !(await answers(probe)); tries++) {
    if (child.exitCode !== null || tries === 600) {
      child.kill("SIGKILL");
      throw new Error(`${name} did not come up:\n${await readFile(logFile, "utf8")}`);
    }
    await pause(100);
  }
  return async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ status }) => status < 500,
    () => false,
  );
}
