import { Duration } from "aws-cdk-lib";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import type { GatewaySettings } from "../settings.ts";
import type { ClientSecret } from "./client-secret.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { gatewayFunction } from "./gateway-function.ts";

/** How long a search may take: a streamed answer outlives API Gateway's 29 s, a buffered one does not. */
export function searchTimeout(settings: GatewaySettings): Duration {
  return settings.responseStreaming ? Duration.minutes(5) : Duration.seconds(29);
}

export interface SearchPathProps {
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: GatewaySettings;
  readonly primary: ClusterAccess;
  readonly backup: ClusterAccess;
  readonly clientSecret: ClientSecret | undefined;
}

/** Reads from PRIMARY, and from BACKUP while PRIMARY is unavailable. It has no right on queue or bucket. */
export class SearchPath extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: SearchPathProps) {
    super(scope, id);
    this.handler = gatewayFunction(this, "Search", {
      entry: props.entry,
      description: "Reads from PRIMARY, and from BACKUP while PRIMARY is unavailable",
      memoryMb: 1_024,
      timeout: searchTimeout(props.settings),
      environment: props.environment,
    });
    for (const cluster of [props.primary, props.backup]) {
      // With `passthrough` nobody but the cluster authenticates the caller, so there are no credentials to lend.
      if (props.settings.authMode !== "passthrough") cluster.signIn(this.handler, "read");
    }
    props.clientSecret?.grantCheck(this.handler);
  }
}
