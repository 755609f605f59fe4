import { Client } from "elasticsearch7";
import { bodyClient } from "../support/body-client.ts";
import { testClient } from "../support/client-scenario.ts";

await testClient(
  "elasticsearch-js 7",
  {
    primary: { product: "elasticsearch", version: "7.17.28" },
    backup: { product: "opensearch", version: "2.19.1" },
  },
  (node) => {
    const client = new Client({ node, maxRetries: 0 });
    return {
      ...bodyClient(client),
      openPit: async (index) => (await client.openPointInTime({ index, keep_alive: "1m" })).body.id,
      closePit: async (id) => void (await client.closePointInTime({ body: { id } })),
    };
  },
);
