import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { ClusterSettings } from "../cluster-settings.ts";
import { type ClusterPurpose, OTHER_METHODS } from "./cluster-paths.ts";

const WRITE_ACTIONS = [
  "es:ESHttpGet",
  "es:ESHttpHead",
  "es:ESHttpPost",
  "es:ESHttpPut",
  "es:ESHttpPatch",
  "es:ESHttpDelete",
];

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
  signIn(handler: LambdaFunction, purpose: ClusterPurpose): void {
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
        for (const statement of statementsFor(access, purpose)) handler.addToRolePolicy(statement);
    }
  }
}

function statementsFor(
  { service, resourceArn }: Extract<ClusterSettings["access"], { kind: "sigv4" }>,
  purpose: ClusterPurpose,
): readonly PolicyStatement[] {
  const statement = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources });
  // The collection's data access policy decides about reading and writing; IAM has one action for all.
  if (service === "aoss") return [statement(["aoss:APIAccessAll"], [resourceArn])];
  const everything = [`${resourceArn}/*`];
  if (purpose === "write") return [statement(WRITE_ACTIONS, everything)];
  const at = (paths: readonly string[]) => paths.map((path) => resourceArn + path);
  const { POST, DELETE } = OTHER_METHODS[purpose];
  return [
    statement(["es:ESHttpGet", "es:ESHttpHead"], everything),
    ...(POST.length > 0 ? [statement(["es:ESHttpPost"], at(POST))] : []),
    ...(DELETE.length > 0 ? [statement(["es:ESHttpDelete"], at(DELETE))] : []),
  ];
}
