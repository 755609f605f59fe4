import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat, SourceMapMode } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

/** CommonJS dependencies inside an ESM bundle still call `require` for Node's own modules. */
const REQUIRE_BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

export interface GatewayFunctionProps {
  /** The absolute path of the file that exports `handler`. */
  readonly entry: string;
  readonly description: string;
  /** 1,769 MB is one whole vCPU. */
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A handler as a Lambda function: one ESM file, a role and a log group of its own, and no rights but to log and
 * to trace; whoever owns a resource grants the rest.
 *
 * Node 22: the newest runtime that the tests run on (Node 20 can no longer be chosen, and the AWS SDK's versions
 * of 2027 need 22). AWS keeps nodejs22.x until 2027-04-30; nodejs24.x follows when the tests run on it.
 */
export function gatewayFunction(scope: Construct, id: string, props: GatewayFunctionProps): NodejsFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
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
    environment: { ...props.environment, NODE_OPTIONS: "--enable-source-maps" },
    bundling: {
      format: OutputFormat.ESM,
      target: "node22",
      mainFields: ["module", "main"],
      banner: REQUIRE_BANNER,
      minify: true,
      sourceMap: true,
      sourceMapMode: SourceMapMode.DEFAULT,
      sourcesContent: false,
      metafile: true,
      // The versions that were tested, not those that the runtime happens to carry.
      bundleAwsSDK: true,
    },
  });
}
