import { existsSync } from "node:fs";
import { join } from "node:path";
import { type EmbeddedClients, embeddedClients } from "../local/embedded/clients.ts";
import { DataDirInUseError } from "../local/embedded/data-dir-lock.ts";
import { bucket, queues } from "../local/host-settings.ts";
import { CannotTell } from "./cannot-tell.ts";

/**
 * Opens the queue and the payloads of a gateway that does not run.
 * @throws CannotTell when the directory is not one of a gateway, or another process has it open.
 */
export async function openDataDirectory(dataDir: string): Promise<EmbeddedClients> {
  // Looking must not make a directory that looks like a gateway's.
  if (!existsSync(join(dataDir, "store.mdb"))) {
    throw new CannotTell(
      `${dataDir} is not a gateway's data directory\n` +
        "Give --data-dir (or DATA_DIR), or --stack NAME for a deployed stack.",
    );
  }
  try {
    return await embeddedClients(dataDir, { queues, bucket });
  } catch (error) {
    if (!(error instanceof DataDirInUseError)) throw error;
    throw new CannotTell(
      `${dataDir} is in use, and no gateway answers for it: ${error.message}\n` +
        "If that is a gateway which is starting or busy, try again in a moment.",
    );
  }
}
