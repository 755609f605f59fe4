import { chown, lstat, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./program.ts";

/** Whom a server runs as, in the form that `spawn` takes (it also drops supplementary groups). */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Account = { uid: 65534, gid: 65534 };

/** Root's servers run as `nobody`, because both products refuse to run as root. Undefined: the caller's own account. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all([
    runProgram("id", ["-u", "nobody"]),
    runProgram("id", ["-g", "nobody"]),
  ]);
  if (uid.status !== 0 || gid.status !== 0) return NOBODY;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

/** Whether the account can enter the folder: the system is asked, so that modes, ACLs and mounts all count. */
export async function canEnter(account: Account | undefined, folder: string): Promise<boolean> {
  const end = await runProgram("/bin/sh", ["-c", 'cd -- "$0"', folder], { account });
  return end.status === 0;
}

/** Creates the folder where it is missing and gives it to the account. */
export async function giveFolder(account: Account | undefined, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (account !== undefined) await chown(folder, account.uid, account.gid);
}

/**
 * The folder for everything that is kept between runs: `UNDERSTUDY_CACHE`, else `understudy/servers` in the user's
 * cache, else (root's home is usually closed to others) `/var/tmp/understudy/servers`: the first that the account
 * can enter. Throws where none can be entered.
 */
export async function cacheFolder(account: Account | undefined): Promise<string> {
  const userCache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const shared = "/var/tmp/understudy";
  const chosen = process.env.UNDERSTUDY_CACHE;
  const candidates = [
    ...(chosen ? [chosen] : []),
    join(userCache, "understudy/servers"),
    join(shared, "servers"),
  ];
  for (const folder of candidates) {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    if (folder.startsWith(shared)) await assertOurs(shared);
    if (await canEnter(account, folder)) return folder;
  }
  throw new Error(
    `The servers' account cannot enter any of ${candidates.join(", ")}. Set UNDERSTUDY_CACHE to a folder it can.`,
  );
}

/** Programs are run out of this folder, and anybody could have created it first: a stranger's is refused. */
async function assertOurs(folder: string): Promise<void> {
  const found = await lstat(folder);
  const writableByOthers = (found.mode & 0o022) !== 0;
  if (!found.isDirectory() || found.uid !== process.getuid?.() || writableByOthers) {
    throw new Error(
      `${folder} belongs to somebody else or is writable by others. Set UNDERSTUDY_CACHE to a folder of your own.`,
    );
  }
}
