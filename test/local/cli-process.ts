import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What the command line answered. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; throws when it is none. */
  json(): unknown;
}

const entry = fileURLToPath(new URL("../../infra/cli/understudy.mjs", import.meta.url));

/** Runs `understudy` in a process of its own, with nothing in its environment but what is given. */
export async function understudy(
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<CliResult> {
  const child = spawn(process.execPath, [entry, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    timeout: 120_000,
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr, json: () => JSON.parse(stdout) };
}
