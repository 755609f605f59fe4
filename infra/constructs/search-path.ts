import { Duration } from "aws-cdk-lib";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import { API_WAIT_SECONDS } from "../passed-on-settings.ts";
import type { GatewaySettings } from "../settings.ts";
import type { ClientSecret } from "./client-secret.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { type FunctionHost, gatewayFunction } from "./gateway-function.ts";
import type { HandleKey } from "./handle-key.ts";

/** How long a search may take: a streamed answer outlives API Gateway's 29 s, a buffered one does not. */
export function searchTimeout(settings: GatewaySettings): Duration {
  return settings.responseStreaming ? Duration.minutes(5) : Duration.seconds(API_WAIT_SECONDS);
}

export interface SearchPathProps {
  readonly entry: string;
  readonly host: FunctionHost;
  readonly primary: ClusterAccess;
  readonly backup: ClusterAccess;
  readonly clientSecret: ClientSecret | undefined;
  readonly handleKey: HandleKey;
}

/** Reads from PRIMARY, and from BACKUP while PRIMARY is unavailable. It has no right on queue or bucket. */
export class SearchPath extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: SearchPathProps) {
    super(scope, id);
    const { settings } = props.host;
    this.handler = gatewayFunction(this, "Search", {
      entry: props.entry,
      description: "Reads from PRIMARY, and from BACKUP while PRIMARY is unavailable",
      memoryMb: 1_024,
      timeout: searchTimeout(settings),
      host: props.host,
      reservedConcurrency: settings.searchReservedConcurrency,
    });
    for (const cluster of [props.primary, props.backup]) {
      // With `passthrough` nobody but the cluster authenticates the caller, so there are no credentials to lend.
      if (settings.authMode !== "passthrough") cluster.signIn(this.handler, "search");
    }
    props.clientSecret?.grantCheck(this.handler);
    props.handleKey.grantUse(this.handler);
  }
}
