import { fileURLToPath } from "node:url";
import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat, SourceMapMode } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { GatewaySettings } from "../settings.ts";
import { CA_FILES } from "./function-environment.ts";
import type { Network } from "./network.ts";

/** CommonJS dependencies inside an ESM bundle still call `require` for Node's own modules. */
const REQUIRE_BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

const NODE_HTTP = fileURLToPath(new URL("node-http.cjs", import.meta.url));

/** What lets a function in a VPC have its network interfaces (AWSLambdaVPCAccessExecutionRole without the logs). */
const INTERFACE_ACTIONS = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** What is the same for all functions of a stack. */
export interface FunctionHost {
  readonly settings: GatewaySettings;
  readonly environment: Readonly<Record<string, string>>;
  readonly network: Network | undefined;
}

export interface GatewayFunctionProps {
  readonly host: FunctionHost;
  /** The absolute path of the file that exports `handler`. */
  readonly entry: string;
  readonly description: string;
  /** 1,769 MB is one whole vCPU. */
  readonly memoryMb: number;
  readonly timeout: Duration;
  /** Kept for this function, and its limit; without it the account's pool. */
  readonly reservedConcurrency?: number | undefined;
}

/**
 * A handler as a Lambda function: one ESM file, a role and a log group of its own, and no rights but to log and
 * to trace; whoever owns a resource grants the rest.
 *
 * Node 22: the newest runtime that the tests run on (Node 20 can no longer be chosen, and the AWS SDK's versions
 * of 2027 need 22). AWS keeps nodejs22.x until 2027-04-30; nodejs24.x follows when the tests run on it.
 */
export function gatewayFunction(scope: Construct, id: string, props: GatewayFunctionProps): NodejsFunction {
  const { settings, environment, network } = props.host;
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  if (network !== undefined) {
    // EC2 has no resource to name before the interface is there.
    role.addToPolicy(new PolicyStatement({ actions: INTERFACE_ACTIONS, resources: ["*"] }));
  }
  return new NodejsFunction(scope, id, {
    entry: props.entry,
    handler: "handler",
    description: props.description,
    runtime: Runtime.NODEJS_22_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memoryMb,
    timeout: props.timeout,
    role,
    logGroup,
    tracing: Tracing.ACTIVE,
    ...(props.reservedConcurrency !== undefined && {
      reservedConcurrentExecutions: props.reservedConcurrency,
    }),
    ...(network && {
      vpc: network.vpc,
      vpcSubnets: { subnets: network.vpc.privateSubnets },
      securityGroups: [network.securityGroup],
    }),
    environment: { ...environment, NODE_OPTIONS: "--enable-source-maps" },
    bundling: {
      format: OutputFormat.ESM,
      target: "node22",
      mainFields: ["module", "main"],
      banner: REQUIRE_BANNER,
      esbuildArgs: { "--alias:node:http": NODE_HTTP },
      minify: true,
      sourceMap: true,
      sourceMapMode: SourceMapMode.DEFAULT,
      sourcesContent: false,
      metafile: true,
      // The versions that were tested, not those that the runtime happens to carry.
      bundleAwsSDK: true,
      commandHooks: {
        beforeBundling: () => [],
        beforeInstall: () => [],
        afterBundling: (_, folder) => copiesOfCaFiles(settings, folder),
      },
    },
  });
}

function copiesOfCaFiles({ primary, backup }: GatewaySettings, folder: string): string[] {
  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  const copy = (from: string | undefined, name: string) =>
    from === undefined ? [] : [`cp ${quoted(from)} ${quoted(`${folder}/${name}`)}`];
  return [...copy(primary.caFile, CA_FILES.PRIMARY), ...copy(backup.caFile, CA_FILES.BACKUP)];
}
