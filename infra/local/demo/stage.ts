import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataset } from "../../../test/support/dataset.ts";
import { startPair } from "../servers/pair.ts";
import { type GatewayOptions, startGateway } from "./gateway.ts";
import { createNarrator } from "./narrator.ts";
import { tellStory } from "./story.ts";

const DOCUMENTS = 30_000;

/**
 * Sets everything up in a temporary folder, tells the story, and clears everything away, also after a failure or an
 * interrupt. Resolves with the exit code: 0 only where every step went as told.
 */
export async function perform(command: GatewayOptions["command"]): Promise<number> {
  const narrator = createNarrator(process.stdout);
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "understudy-demo-"));
  // The servers' unprivileged account passes through it.
  await chmod(folder, 0o711);
  const cleanup: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const interrupted = onceInterrupted();
  try {
    const ending = await Promise.race([playIn(folder, command, narrator, cleanup), interrupted]);
    if (ending === "interrupted") return 130;
  } catch (error) {
    narrator.expect(false, error instanceof Error ? error.message : String(error));
  } finally {
    for (const end of cleanup.reverse()) await end();
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const { length } = narrator.failures;
  console.log(length === 0 ? `\nAll as told, in ${seconds} s.` : `\nNot as told (${length}), see ✘ above.`);
  return length === 0 ? 0 : 1;
}

async function playIn(
  folder: string,
  command: GatewayOptions["command"],
  narrator: ReturnType<typeof createNarrator>,
  cleanup: (() => Promise<void>)[],
): Promise<"told"> {
  console.log("Two real clusters and the gateway in front of them\n");
  const pair = await startPair({ dataDir: folder, onProgress: (line) => narrator.say(line) });
  cleanup.push(() => pair.stop());
  const gateway = await startGateway({
    command,
    dataDir: join(folder, "gateway"),
    primaryEndpoint: pair.primary.endpoint,
    backupEndpoint: pair.backup.endpoint,
  });
  cleanup.push(() => gateway.stop());
  narrator.say(`The gateway is up on ${gateway.endpoint}`);
  const places = [...dataset({ limit: DOCUMENTS })];
  await tellStory({ pair, gateway, narrator, places });
  return "told";
}

function onceInterrupted(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve("interrupted"));
    process.once("SIGTERM", () => resolve("interrupted"));
  });
}
