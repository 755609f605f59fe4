import { Duration } from "aws-cdk-lib";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import { WRITE_FUNCTION_SECONDS } from "../passed-on-settings.ts";
import type { ClientSecret } from "./client-secret.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { type FunctionHost, gatewayFunction } from "./gateway-function.ts";
import type { HandleKey } from "./handle-key.ts";
import type { PayloadBucket } from "./payload-bucket.ts";
import type { RecordQueue } from "./record-queue.ts";

export interface WritePathProps {
  readonly entry: string;
  readonly host: FunctionHost;
  readonly primary: ClusterAccess;
  readonly records: RecordQueue;
  readonly payloads: PayloadBucket;
  readonly clientSecret: ClientSecret | undefined;
  readonly handleKey: HandleKey;
}

/** PRIMARY first, then enqueue what PRIMARY accepted. It does not know BACKUP. */
export class WritePath extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: WritePathProps) {
    super(scope, id);
    const { records, payloads } = props;
    const { settings } = props.host;
    this.handler = gatewayFunction(this, "Write", {
      entry: props.entry,
      description: "Writes to PRIMARY and enqueues what PRIMARY accepted",
      memoryMb: 1_769,
      // Longer than API Gateway waits (29 s): what PRIMARY accepted is enqueued although the client has gone.
      timeout: Duration.seconds(WRITE_FUNCTION_SECONDS),
      host: props.host,
      reservedConcurrency: settings.writeReservedConcurrency,
    });
    props.primary.signIn(this.handler, "write");
    props.clientSecret?.grantCheck(this.handler);
    props.handleKey.grantUse(this.handler);
    records.grantSend(this.handler);
    payloads.grantWritePayloads(this.handler);
    if (settings.intents !== "off") payloads.grantWriteIntents(this.handler);
  }
}
