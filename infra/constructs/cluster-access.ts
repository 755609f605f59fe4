import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { searchRoutes } from "../../functions/core/routing/search-routes.ts";
import type { ClusterSettings } from "../cluster-settings.ts";

const READ_ACTIONS = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"];
const WRITE_ACTIONS = [...READ_ACTIONS, "es:ESHttpPut", "es:ESHttpPatch", "es:ESHttpDelete"];

/** Paths at which a search gives a handle back, in the form of a policy. */
export const handlePaths = searchRoutes
  .filter(({ methods }) => methods.includes("DELETE"))
  .map(({ path }) => path.replace("{proxy+}", "*"));

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
  signIn(handler: LambdaFunction, purpose: "read" | "search" | "write"): void {
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
        // Who searches gives scrolls and points in time back, and deletes nothing else.
        if (purpose === "search" && access.service === "es") {
          const resources = handlePaths.map((path) => access.resourceArn + path);
          handler.addToRolePolicy(new PolicyStatement({ actions: ["es:ESHttpDelete"], resources }));
        }
        // The collection's data access policy decides about reading and writing; IAM has one action for all.
        handler.addToRolePolicy(
          access.service === "aoss"
            ? new PolicyStatement({ actions: ["aoss:APIAccessAll"], resources: [access.resourceArn] })
            : new PolicyStatement({
                actions: purpose === "write" ? WRITE_ACTIONS : READ_ACTIONS,
                resources: [`${access.resourceArn}/*`],
              }),
        );
    }
  }
}
