import Serializer from "@opensearch-project/opensearch/lib/Serializer.js";
import Transport from "@opensearch-project/opensearch/lib/Transport.js";
import { createCalls } from "./call.ts";
import { createDiscovery } from "./discovery.ts";
import type { ClusterNodes } from "./node.ts";
import type { NodeConnection, NodeExchange, NodeParams } from "./node-connection.ts";
import { NodePool } from "./node-pool.ts";
import type { Cluster } from "./port.ts";
import type { ClusterSettings } from "./settings.ts";

const discoveryTimeoutMs = 10_000;

/**
 * A cluster behind the OpenSearch client's transport, node pool and sniffing, which Elasticsearch from 5 to 9
 * understands as well. The parts are taken from the package one by one: its index also loads some 600 API
 * methods (55 ms of a cold start) that a gateway, which passes requests on as they are, never calls.
 */
export function createCluster(settings: ClusterSettings): Cluster {
  return createCalls(createNodes(settings), settings);
}

function createNodes(settings: ClusterSettings): ClusterNodes<NodeConnection> {
  const pool = new NodePool(settings);
  const transport = new Transport({
    emit: () => false,
    connectionPool: pool,
    serializer: new NeverNull(),
    maxRetries: 0,
    requestTimeout: discoveryTimeoutMs,
    sniffEndpoint: "/_nodes/http",
  });
  const sniff = (done: (found: boolean) => void) =>
    transport.sniff({ reason: "default" }, (error: Error | null, hosts?: readonly unknown[]) =>
      done(error === null && hosts !== undefined && hosts.length > 0),
    );
  const discoverWhenDue = createDiscovery(sniff, settings);
  discoverWhenDue();
  return {
    pick(tried) {
      discoverWhenDue();
      return pool.pick(tried);
    },
    open(node, request, deadline) {
      const exchange: NodeExchange = { request, deadline };
      const params: NodeParams = { method: request.method, path: request.path, exchange };
      return new Promise((answer, unexpected) => {
        transport.request(params, { id: node, asStream: true }, (error, { body: response }) => {
          if (exchange.failure !== undefined) return answer({ failure: exchange.failure });
          if (error) return unexpected(error);
          pool.judge(node, response.statusCode);
          answer({ response });
        });
      });
    },
    close() {
      for (const node of pool.connections) node.target.agent.destroy();
    },
  };
}

/** The transport reads a sniff's answer without looking: `null` would throw where nobody catches it. */
class NeverNull extends Serializer {
  override deserialize(json: string): unknown {
    return super.deserialize(json) ?? {};
  }
}
