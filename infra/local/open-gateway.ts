import { useAwsClients } from "../../functions/core/runtime/aws-clients.ts";
import { config } from "../../functions/core/runtime/process.ts";
import { embeddedClients } from "./embedded/clients.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { bucket, type HostSettings, queues, recordsQueue } from "./host-settings.ts";

const daySeconds = 24 * 3600;

/**
 * Opens the data directory and starts the gateway on it.
 * @param look is called before each request, and after each write and each batch of records.
 * @throws ConfigError for wrong settings, DataDirInUseError when another gateway has the directory.
 */
export async function openGateway(settings: HostSettings, look: () => void): Promise<Gateway> {
  const { payloadPrefix } = config();
  const engines = await embeddedClients(settings.dataDir, {
    queues,
    bucket,
    expiry: [{ prefix: payloadPrefix, afterSeconds: 30 * daySeconds }],
  });
  useAwsClients(engines);
  await engines.queues.releaseInFlight(recordsQueue);
  try {
    const gateway = await startGateway(settings, engines, look);
    return {
      port: gateway.port,
      async close() {
        await gateway.close();
        await engines.close();
      },
    };
  } catch (error) {
    await engines.close();
    throw error;
  }
}
