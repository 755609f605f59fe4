import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { DataProtection } from "./data-protection.ts";
import { pinLogicalId } from "./pinned-logical-id.ts";

/**
 * What signs the handles that clients hold between requests (scroll, point in time). One key for all functions'
 * processes: the next page may be asked of another one.
 */
export class HandleKey extends Construct {
  private readonly secret: Secret;
  private readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, { removalPolicy, key }: DataProtection) {
    super(scope, id);
    this.key = key;
    this.secret = new Secret(this, "Secret", {
      description: "Signs the handles that understudy gives to clients",
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    pinLogicalId(this.secret, "HandleKey");
  }

  /** Lets a function sign and check handles. */
  grantUse(handler: LambdaFunction): void {
    this.secret.grantRead(handler);
    this.key?.grantDecrypt(handler);
    handler.addEnvironment("HANDLE_KEY_SECRET_ARN", this.secret.secretArn);
  }
}
