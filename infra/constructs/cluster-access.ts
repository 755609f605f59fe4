import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { ClusterSettings } from "../cluster-settings.ts";

const READ_ACTIONS = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"];
const WRITE_ACTIONS = [...READ_ACTIONS, "es:ESHttpPut", "es:ESHttpPatch", "es:ESHttpDelete"];

export interface ClusterAccessProps {
  readonly side: "PRIMARY" | "BACKUP";
  readonly cluster: ClusterSettings;
}

/** The right to sign in to one cluster with the service's credentials. */
export class ClusterAccess extends Construct {
  private readonly props: ClusterAccessProps;
  private readonly secret: ISecret | undefined;

  constructor(scope: Construct, id: string, props: ClusterAccessProps) {
    super(scope, id);
    this.props = props;
    const access = props.cluster.access;
    this.secret =
      access.kind === "secret"
        ? Secret.fromSecretCompleteArn(this, "Credentials", access.secretArn)
        : undefined;
  }

  /** Grants it, and tells the function how. SigV4 tells reading from writing; a secret cannot. */
  signIn(handler: LambdaFunction, purpose: "read" | "write"): void {
    const { side, cluster } = this.props;
    const access = cluster.access;
    switch (access.kind) {
      case "none":
        return;
      case "secret":
        this.secret?.grantRead(handler);
        handler.addEnvironment(`${side}_SECRET_ARN`, access.secretArn);
        return;
      case "sigv4":
        handler.addEnvironment(`${side}_SIGV4_SERVICE`, access.service);
        handler.addEnvironment(`${side}_SIGV4_REGION`, access.region);
        // The collection's data access policy decides about reading and writing; IAM has one action for all.
        handler.addToRolePolicy(
          access.service === "aoss"
            ? new PolicyStatement({ actions: ["aoss:APIAccessAll"], resources: [access.resourceArn] })
            : new PolicyStatement({
                actions: purpose === "read" ? READ_ACTIONS : WRITE_ACTIONS,
                resources: [`${access.resourceArn}/*`],
              }),
        );
    }
  }
}
