import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Held by one process until it calls `release` or dies. */
export interface DataDirLock {
  release(): void;
}

/** Another live process has the data directory open. Two writers would give one message to two owners. */
export class DataDirInUseError extends Error {
  override readonly name = "DataDirInUseError";

  constructor(directory: string, holder: string) {
    super(`DATA_DIR ${directory} is in use by process ${holder}: stop it, or set another DATA_DIR.`);
  }
}

/**
 * Takes the single-writer lock of `directory`, which must exist. A lock whose process is gone (killed, or the
 * machine restarted) is taken over.
 *
 * @throws DataDirInUseError when a live process holds it
 */
export function lockDataDir(directory: string): DataDirLock {
  const lockPath = join(directory, "owner.lock");
  const ticket = join(directory, `owner.${randomUUID()}`);
  const mine = `${process.pid} ${startOfProcess(process.pid)}`;
  writeFileSync(ticket, mine);
  try {
    claim(directory, lockPath, ticket);
  } finally {
    rmSync(ticket, { force: true });
  }
  return {
    release() {
      if (read(lockPath) === mine) rmSync(lockPath, { force: true });
    },
  };
}

/** `link` fails when the lock exists, so of two processes that start together only one gets it. */
function claim(directory: string, lockPath: string, ticket: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    if (linked(ticket, lockPath)) return;
    const holder = read(lockPath);
    if (holder === undefined) continue;
    if (isAlive(holder)) throw new DataDirInUseError(directory, holder.split(" ")[0] ?? "?");
    takeAside(directory, lockPath, holder);
  }
  throw new DataDirInUseError(directory, read(lockPath)?.split(" ")[0] ?? "?");
}

/** Removes a dead process's lock, unless another starter has replaced it since it was read. */
function takeAside(directory: string, lockPath: string, dead: string): void {
  const aside = join(directory, `owner.${randomUUID()}`);
  try {
    renameSync(lockPath, aside);
  } catch {
    return;
  }
  if (read(aside) !== dead) linked(aside, lockPath);
  unlinkSync(aside);
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(holder: string): boolean {
  const [pidText, startedAt] = holder.split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return startOfProcess(pid) === startedAt;
}

/** Tells a process from a later one with the same id. Where there is no /proc the id alone has to do. */
function startOfProcess(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return "?";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "?";
}
