import { Duration } from "aws-cdk-lib";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import type { ClusterAccess } from "./cluster-access.ts";
import type { Durations } from "./durations.ts";
import { type FunctionHost, gatewayFunction } from "./gateway-function.ts";
import type { PayloadBucket } from "./payload-bucket.ts";
import type { RecordQueue } from "./record-queue.ts";

export interface ReplayPathProps {
  readonly entry: string;
  readonly host: FunctionHost;
  readonly durations: Durations;
  readonly primary: ClusterAccess;
  readonly backup: ClusterAccess;
  readonly records: RecordQueue;
  readonly payloads: PayloadBucket;
}

/** Makes BACKUP equal: takes records in batches, asks PRIMARY where its truth is needed, parks what BACKUP refuses. */
export class ReplayPath extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: ReplayPathProps) {
    super(scope, id);
    const { records, payloads } = props;
    const { pollers, replayConcurrencyMax } = props.host.settings;
    this.handler = gatewayFunction(this, "Replay", {
      entry: props.entry,
      description: "Applies records to BACKUP",
      memoryMb: 1_769,
      timeout: Duration.seconds(props.durations.replayTimeoutSeconds),
      host: props.host,
    });
    props.primary.signIn(this.handler, "replay");
    props.backup.signIn(this.handler, "write");
    this.handler.addEventSource(
      new SqsEventSource(records.queue, {
        // Lambda closes a batch at its 6 MB of payload whatever this says; small records profit from merging.
        batchSize: 100,
        maxBatchingWindow: Duration.seconds(1),
        reportBatchItemFailures: true,
        // The guard of BACKUP: at most so many bulks at once.
        ...(pollers
          ? { provisionedPollerConfig: { minimumPollers: pollers.min, maximumPollers: pollers.max } }
          : { maxConcurrency: replayConcurrencyMax }),
      }),
    );
    records.grantSend(this.handler);
    records.grantPark(this.handler);
    payloads.grantConsumePayloads(this.handler);
  }
}
