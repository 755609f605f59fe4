import type { RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";

/** How what holds data is encrypted, and whether it outlives the stack. */
export interface DataProtection {
  readonly removalPolicy: RemovalPolicy;
  /** Instead of AWS's own keys. */
  readonly key: IKey | undefined;
}
