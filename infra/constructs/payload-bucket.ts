import { Duration } from "aws-cdk-lib";
import { type IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { DataProtection } from "./data-protection.ts";
import type { Durations } from "./durations.ts";
import { pinLogicalId } from "./pinned-logical-id.ts";

/** Bodies of records that are too large for the queue. */
export const PAYLOAD_PREFIX = "payloads/";
/** Writes whose record is not enqueued yet. */
export const INTENT_PREFIX = "intents/";

export interface PayloadBucketProps {
  readonly durations: Durations;
  readonly protection: DataProtection;
}

/** Payloads and intents, each under a prefix of its own; every grant is for one prefix and the exact actions. */
export class PayloadBucket extends Construct {
  readonly bucket: Bucket;
  private readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, props: PayloadBucketProps) {
    super(scope, id);
    this.key = props.protection.key;
    this.bucket = new Bucket(this, "Bucket", {
      encryption: this.key ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
      // One call to KMS for many objects: intents come and go with every write.
      ...(this.key && { encryptionKey: this.key, bucketKeyEnabled: true }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // Keys are written once and removed for good; versions would keep what was deleted, and be paid for.
      versioned: false,
      lifecycleRules: [
        {
          id: "expire-payloads",
          prefix: PAYLOAD_PREFIX,
          expiration: Duration.seconds(props.durations.payloadExpirySeconds),
        },
        // Intents have no expiry: one that expired unread would be a write that nobody reconciles.
        { id: "abort-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy: props.protection.removalPolicy,
    });
    pinLogicalId(this.bucket, "PayloadBucket");
  }

  grantWritePayloads(grantee: IGrantable): void {
    this.allow(grantee, ["s3:PutObject"], PAYLOAD_PREFIX);
  }

  /** A missing payload must be told from a forbidden one: without ListBucket, S3 answers 403 for both. */
  grantConsumePayloads(grantee: IGrantable): void {
    // Put: what is parked out of a large record is a payload of its own.
    this.allow(grantee, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], PAYLOAD_PREFIX);
    // No prefix condition: a GetObject request has no `s3:prefix` for it to match.
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ["s3:ListBucket"], resources: [this.bucket.bucketArn] }),
    );
  }

  grantWriteIntents(grantee: IGrantable): void {
    this.allow(grantee, ["s3:PutObject", "s3:DeleteObject"], INTENT_PREFIX);
  }

  grantSweepIntents(grantee: IGrantable): void {
    this.allow(grantee, ["s3:GetObject", "s3:DeleteObject"], INTENT_PREFIX);
    // The sweep reads the bucket's clock from an object that it writes.
    this.allow(grantee, ["s3:PutObject"], `${INTENT_PREFIX}clock`);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["s3:ListBucket"],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { "s3:prefix": `${INTENT_PREFIX}*` } },
      }),
    );
  }

  private allow(grantee: IGrantable, actions: string[], prefix: string): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions, resources: [this.bucket.arnForObjects(`${prefix}*`)] }),
    );
    this.key?.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey");
  }
}
