import { execFile } from "node:child_process";
import type { Account } from "./account.ts";

export interface ProgramEnd {
  /** The exit status; `missing` when there is no such program. */
  readonly status: number | "missing";
  /** Standard output and standard error, in this order. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly account?: Account | undefined;
  readonly timeoutMs?: number;
}

/** Runs a short-lived program to its end. Never rejects: how it ended is the value. A signal counts as status 1. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      // The caller's own folder may be closed to the account, so it is not inherited.
      { cwd: "/", timeout: options.timeoutMs ?? 0, maxBuffer: 16 * 1024 * 1024, ...options.account },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`;
        if (error === null) resolve({ status: 0, output });
        else if (error.code === "ENOENT") resolve({ status: "missing", output });
        else resolve({ status: typeof error.code === "number" ? error.code : 1, output });
      },
    );
  });
}
