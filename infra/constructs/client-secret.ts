import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { DataProtection } from "./data-protection.ts";
import { pinLogicalId } from "./pinned-logical-id.ts";

export interface ClientSecretProps {
  /** An existing secret with `username` and `password`; without it one is generated. */
  readonly secretArn: string | undefined;
  readonly protection: DataProtection;
}

/** What clients sign in with under `AUTH_MODE=basic`: user `understudy` and a generated password. */
export class ClientSecret extends Construct {
  private readonly key: IKey | undefined;
  readonly secret: Pick<ISecret, "grantRead" | "secretArn" | "secretName">;

  constructor(scope: Construct, id: string, props: ClientSecretProps) {
    super(scope, id);
    this.key = props.protection.key;
    if (props.secretArn !== undefined) {
      this.secret = Secret.fromSecretCompleteArn(this, "Secret", props.secretArn);
      return;
    }
    const generated = new Secret(this, "Secret", {
      description: "What clients of understudy sign in with (HTTP basic)",
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: "understudy" }),
        generateStringKey: "password",
        passwordLength: 40,
        // Passwords end up in URLs and shells; 40 letters and digits are 238 bits.
        excludePunctuation: true,
      },
      removalPolicy: props.protection.removalPolicy,
      ...(props.protection.key && { encryptionKey: props.protection.key }),
    });
    pinLogicalId(generated, "ClientSecret");
    this.secret = generated;
  }

  /** Lets a function check callers. */
  grantCheck(handler: LambdaFunction): void {
    this.secret.grantRead(handler);
    // The CDK leaves this to the key's policy, which an imported key does not get.
    this.key?.grantDecrypt(handler);
  }
}
