import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The key that signs clients' handles, kept in the data directory for the next process: a scroll goes on
 * after a restart of the gateway. Made at the first call, readable by its owner alone.
 */
export function keptHandleKey(dataDir: string): string {
  const file = join(dataDir, "handle-key");
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return readFileSync(file, "utf8");
}
