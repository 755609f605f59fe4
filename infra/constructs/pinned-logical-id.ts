import { CfnResource } from "aws-cdk-lib";
import type { Construct } from "constructs";

/**
 * Gives a resource a logical id that does not follow from its place in the tree. CloudFormation replaces a
 * resource whose logical id changes: for a queue, bucket or secret that would be the loss of what it holds.
 */
export function pinLogicalId(construct: Construct, logicalId: string): void {
  const resource = construct.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) {
    throw new Error(
      `${construct.node.path} has no CloudFormation resource of its own whose id could be pinned`,
    );
  }
  resource.overrideLogicalId(logicalId);
}
