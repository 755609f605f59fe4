import { Client } from "elasticsearch9";
import { testClient } from "../support/client-scenario.ts";
import { elasticsearchClient } from "../support/elasticsearch-client.ts";

await testClient(
  "elasticsearch-js 9",
  {
    primary: { product: "elasticsearch", version: "9.2.0" },
    backup: { product: "elasticsearch", version: "8.19.0" },
  },
  (node) => elasticsearchClient(new Client({ node, maxRetries: 0 })),
);
