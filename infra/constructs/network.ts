import { Annotations, CfnOutput, Stack } from "aws-cdk-lib";
import {
  CfnVPCEndpoint,
  type ISecurityGroup,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Construct } from "constructs";
import type { NetworkSettings } from "../network-settings.ts";

/** The AWS services that the functions call, besides S3, which is reached by a route. */
const CALLED_SERVICES = ["sqs", "secretsmanager"] as const;

/**
 * The functions' place in a VPC: private subnets and a security group of their own, which the clusters let in. The
 * VPC endpoints are made on request: an organisation often has them already, and a second one is refused.
 */
export class Network extends Construct {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    { vpcId, availabilityZones, subnetIds, ...rest }: NetworkSettings,
  ) {
    super(scope, id);
    this.vpc = Vpc.fromVpcAttributes(this, "Vpc", {
      vpcId,
      availabilityZones: [...availabilityZones],
      privateSubnetIds: [...subnetIds],
    });
    // Nothing here asks a subnet for its route table.
    Annotations.of(this).acknowledgeWarning("@aws-cdk/aws-ec2:noSubnetRouteTableId");
    this.securityGroup = new SecurityGroup(this, "Functions", {
      vpc: this.vpc,
      description: "The functions of understudy. Let it in where the clusters are.",
      allowAllOutbound: true,
    });
    new CfnOutput(Stack.of(this), "FunctionsSecurityGroupId", { value: this.securityGroup.securityGroupId });
    if (rest.endpoints) this.addEndpoints(vpcId, subnetIds, rest.routeTableIds);
  }

  private addEndpoints(vpcId: string, subnetIds: readonly string[], routeTableIds: readonly string[]): void {
    const { region } = Stack.of(this);
    const door = new SecurityGroup(this, "Endpoints", {
      vpc: this.vpc,
      description: "The VPC endpoints of understudy. Only its functions come in.",
      allowAllOutbound: false,
    });
    door.addIngressRule(Peer.securityGroupId(this.securityGroup.securityGroupId), Port.tcp(443));
    for (const service of CALLED_SERVICES) {
      new CfnVPCEndpoint(this, service, {
        vpcId,
        vpcEndpointType: "Interface",
        serviceName: `com.amazonaws.${region}.${service}`,
        subnetIds: [...subnetIds],
        securityGroupIds: [door.securityGroupId],
        privateDnsEnabled: true,
      });
    }
    new CfnVPCEndpoint(this, "s3", {
      vpcId,
      vpcEndpointType: "Gateway",
      serviceName: `com.amazonaws.${region}.s3`,
      routeTableIds: [...routeTableIds],
    });
  }
}
