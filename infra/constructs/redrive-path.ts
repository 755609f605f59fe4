import { Duration } from "aws-cdk-lib";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { Construct } from "constructs";
import { type FunctionHost, gatewayFunction } from "./gateway-function.ts";
import { PARKING_FUNCTION_SECONDS, type RecordQueue } from "./record-queue.ts";

export interface RedrivePathProps {
  readonly entry: string;
  readonly host: FunctionHost;
  readonly records: RecordQueue;
}

/** Makes the console's "redrive to source" work: parked records pass a queue from which SQS dead-letters them itself. */
export class RedrivePath extends Construct {
  readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, { entry, host, records }: RedrivePathProps) {
    super(scope, id);
    this.handler = gatewayFunction(this, "Redrive", {
      entry,
      description: "Dead-letters what replay parks, and sends what is redriven back to the records",
      memoryMb: 512,
      timeout: Duration.seconds(PARKING_FUNCTION_SECONDS),
      host,
    });
    this.handler.addEventSource(
      new SqsEventSource(records.parkingQueue, {
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency: 2,
      }),
    );
    records.grantSend(this.handler);
  }
}
