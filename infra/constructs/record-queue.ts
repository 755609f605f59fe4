import { Aws, Duration, Fn, Stack } from "aws-cdk-lib";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Queue, QueueEncryption, RedrivePermission } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { DataProtection } from "./data-protection.ts";
import type { Durations } from "./durations.ts";
import { pinLogicalId } from "./pinned-logical-id.ts";

/**
 * How often SQS may hand a record out before SQS itself parks it. The replay function decides how often a record
 * is tried, and parks it with its reason. This number is only the net for a function that dies before it can
 * decide, and it is high because a BACKUP that is down for days must not use up a record's attempts.
 */
const RECEIVE_COUNT_MAX = 1_000;

/** The function behind the parking queue only sorts; its visibility timeout is 6 times that, as AWS advises. */
export const PARKING_FUNCTION_SECONDS = 10;

export interface RecordQueueProps {
  /** Unique among the stacks of the account and region. */
  readonly stackName: string;
  readonly durations: Durations;
  readonly protection: DataProtection;
}

/**
 * One BACKUP's records: a standard queue, and the dead-letter queue where records are parked for a person. What
 * replay parks reaches it by way of the parking queue, so that SQS moves it there itself and knows its source.
 */
export class RecordQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  readonly parkingQueue: Queue;
  private readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, props: RecordQueueProps) {
    super(scope, id);
    const { stackName, durations } = props;
    const { removalPolicy, key } = props.protection;
    this.key = key;
    const encryption = key
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key }
      : { encryption: QueueEncryption.SQS_MANAGED };
    // Each queue names the other. A name that is known beforehand cuts the circle that CloudFormation refuses.
    const ofStack = stackMark();
    const names = { Records: `${stackName}-records-${ofStack}`, Parking: `${stackName}-parking-${ofStack}` };
    const sources = Object.entries(names).map(([id, resource]) =>
      Queue.fromQueueArn(this, `Source${id}`, Stack.of(this).formatArn({ service: "sqs", resource })),
    );
    this.deadLetterQueue = new Queue(this, "DeadLetters", {
      ...encryption,
      enforceSSL: true,
      retentionPeriod: Duration.seconds(durations.deadLetterRetentionSeconds),
      redriveAllowPolicy: {
        redrivePermission: RedrivePermission.BY_QUEUE,
        sourceQueues: sources,
      },
      removalPolicy,
    });
    this.queue = new Queue(this, "Records", {
      queueName: names.Records,
      ...encryption,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(durations.visibilityTimeoutSeconds),
      retentionPeriod: Duration.seconds(durations.queueRetentionSeconds),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: RECEIVE_COUNT_MAX },
      removalPolicy,
    });
    this.parkingQueue = new Queue(this, "Parking", {
      queueName: names.Parking,
      ...encryption,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * PARKING_FUNCTION_SECONDS),
      retentionPeriod: Duration.seconds(durations.queueRetentionSeconds),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 1 },
      removalPolicy,
    });
    pinLogicalId(this.parkingQueue, "ParkingQueue");
    pinLogicalId(this.queue, "RecordQueue");
    pinLogicalId(this.deadLetterQueue, "DeadLetterQueue");
  }

  grantSend(grantee: IGrantable): void {
    this.queue.grant(grantee, "sqs:SendMessage");
    this.key?.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey");
  }

  grantPark(grantee: IGrantable): void {
    this.parkingQueue.grant(grantee, "sqs:SendMessage");
  }
}

/**
 * Eight characters that no other stack has, of the same name either: a stack that is deployed again must not meet
 * the queues that `cdk destroy` kept. (`arn:…:stack/NAME/UUID`)
 */
function stackMark(): string {
  const uuid = Fn.select(2, Fn.split("/", Aws.STACK_ID));
  return Fn.select(0, Fn.split("-", uuid));
}
