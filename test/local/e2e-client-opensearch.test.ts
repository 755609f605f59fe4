import { Client } from "@opensearch-project/opensearch";
import { bodyClient } from "../support/body-client.ts";
import { testClient } from "../support/client-scenario.ts";

await testClient(
  "opensearch-js",
  {
    primary: { product: "opensearch", version: "2.19.1" },
    backup: { product: "elasticsearch", version: "7.17.28" },
  },
  (node) => {
    const client = new Client({ node, maxRetries: 0 });
    return {
      // @ts-expect-error The two clients differ in much; what is used here is called alike.
      ...bodyClient(client),
      openPit: async (index) =>
        (await client.createPit({ index: [index], keep_alive: "1m" })).body.pit_id ?? "",
      closePit: async (id) => void (await client.deletePit({ body: { pit_id: [id] } })),
    };
  },
);
