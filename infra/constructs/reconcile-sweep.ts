import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import type { ClusterAccess } from "./cluster-access.ts";
import { type FunctionHost, gatewayFunction } from "./gateway-function.ts";
import type { PayloadBucket } from "./payload-bucket.ts";
import type { RecordQueue } from "./record-queue.ts";

export interface ReconcileSweepProps {
  readonly entry: string;
  readonly host: FunctionHost;
  readonly records: RecordQueue;
  readonly payloads: PayloadBucket;
  readonly primary: ClusterAccess;
}

/** Every minute: intents that a write left behind become records. It asks PRIMARY which indices a pattern names, and no more. */
export class ReconcileSweep extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: ReconcileSweepProps) {
    super(scope, id);
    this.handler = gatewayFunction(this, "Reconcile", {
      entry: props.entry,
      description: "Turns intents that were left over into reconcile records",
      memoryMb: 512,
      timeout: Duration.seconds(50),
      host: props.host,
    });
    // The schedule's next event is a minute away and sees the same intents.
    this.handler.configureAsyncInvoke({ retryAttempts: 0 });
    props.records.grantSend(this.handler);
    props.payloads.grantSweepIntents(this.handler);
    props.primary.signIn(this.handler, "sweep");
    new Rule(this, "EveryMinute", {
      description: "Sweeps intents that were left over",
      schedule: Schedule.rate(Duration.minutes(1)),
      // A late event is worth nothing: the next one is on its way.
      targets: [new LambdaFunction(this.handler, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
