import { Client } from "elasticsearch8";
import { testClient } from "../support/client-scenario.ts";
import { elasticsearchClient } from "../support/elasticsearch-client.ts";

await testClient(
  "elasticsearch-js 8",
  {
    primary: { product: "elasticsearch", version: "8.19.0" },
    backup: { product: "opensearch", version: "2.19.1" },
  },
  // @ts-expect-error The two clients differ in private members; here they are called alike.
  (node) => elasticsearchClient(new Client({ node, maxRetries: 0 })),
);
