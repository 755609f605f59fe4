import Serializer from "@opensearch-project/opensearch/lib/Serializer.js";
import Transport from "@opensearch-project/opensearch/lib/Transport.js";
import { createCalls } from "./call.ts";
import type { Signer } from "./credentials.ts";
import type { Deadline } from "./deadline.ts";
import { createDiscovery } from "./discovery.ts";
import type { ExchangeResult } from "./exchange.ts";
import type { ClusterNodes } from "./node.ts";
import type { NodeConnection, NodeExchange, NodeParams } from "./node-connection.ts";
import { NodePool } from "./node-pool.ts";
import { hasAuthorization } from "./node-target.ts";
import type { Cluster, ClusterRequest } from "./port.ts";
import { createReleaseReader } from "./release.ts";
import type { ClusterSettings } from "./settings.ts";

const discoveryTimeoutMs = 10_000;

/**
 * A cluster behind the OpenSearch client's transport, node pool and sniffing, which Elasticsearch from 5 to 9
 * understands as well. The parts are taken from the package one by one: its index also loads some 600 API
 * methods (55 ms of a cold start) that a gateway, which passes requests on as they are, never calls.
 */
export function createCluster(settings: ClusterSettings): Cluster {
  const calls = createCalls(createNodes(settings), settings);
  return { ...calls, release: createReleaseReader(calls, settings.now ?? (() => performance.now())) };
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
  const { credentials } = settings;
  const sniff = async (done: (found: boolean) => void) => {
    // A secret that cannot be read is told by the request that needs it.
    await credentials?.signer().catch(() => undefined);
    transport.sniff({ reason: "default" }, (error: Error | null, hosts?: readonly unknown[]) =>
      done(error === null && hosts !== undefined && hosts.length > 0),
    );
  };
  const discoverWhenDue = createDiscovery(sniff, settings);
  discoverWhenDue();
  function exchange(node: NodeConnection, request: ClusterRequest, deadline: Deadline, sign?: Signer) {
    const under: NodeExchange = { request, deadline, sign };
    const params: NodeParams = { method: request.method, path: request.path, exchange: under };
    return new Promise<ExchangeResult>((answer, unexpected) => {
      transport.request(params, { id: node, asStream: true }, (error, { body: response }) => {
        if (under.failure !== undefined) return answer({ failure: under.failure });
        if (error) return unexpected(error);
        pool.judge(node, response.statusCode);
        answer({ response });
      });
    });
  }
  return {
    pick(tried) {
      discoverWhenDue();
      return pool.pick(tried);
    },
    async open(node, request, deadline) {
      if (credentials === undefined || hasAuthorization(request.headers)) {
        return exchange(node, request, deadline);
      }
      const sign = await credentials.signer().catch(asError);
      if (sign instanceof Error) return { failure: { code: "refused", reusedSocket: false, cause: sign } };
      const result = await exchange(node, request, deadline, sign);
      // 401 is said before anything is executed, so a write may be sent again as well.
      const refused = result.response?.statusCode === 401 && deadline.ended === undefined;
      if (!refused || !(await credentials.renew(sign))) return result;
      result.response.resume();
      return exchange(node, request, deadline, await credentials.signer());
    },
    close() {
      for (const node of pool.connections) node.target.agent.destroy();
    },
  };
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The transport reads a sniff's answer without looking: `null` would throw where nobody catches it. */
class NeverNull extends Serializer {
  override deserialize(json: string): unknown {
    return super.deserialize(json) ?? {};
  }
}
