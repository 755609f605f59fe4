import { Duration, RemovalPolicy } from "aws-cdk-lib";
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseTransferMode,
  ResponseType,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";
import { searchRoutes, writtenPaths } from "../../functions/core/routing/search-routes.ts";
import { API_WAIT_SECONDS } from "../passed-on-settings.ts";
import type { GatewaySettings } from "../settings.ts";
import { apiExposure } from "./api-exposure.ts";
import { pinLogicalId } from "./pinned-logical-id.ts";
import { routeTree } from "./route-tree.ts";
import { searchTimeout } from "./search-path.ts";

/**
 * One line per request. The resource's pattern instead of the path: ids and index names are the user's data.
 */
const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
    requestId: AccessLogField.contextRequestId(),
    ip: AccessLogField.contextIdentitySourceIp(),
    requestTime: AccessLogField.contextRequestTime(),
    method: AccessLogField.contextHttpMethod(),
    resource: AccessLogField.contextResourcePath(),
    status: AccessLogField.contextStatus(),
    responseBytes: AccessLogField.contextResponseLength(),
    latencyMs: AccessLogField.contextResponseLatency(),
    integrationLatencyMs: AccessLogField.contextIntegrationLatency(),
    error: AccessLogField.contextErrorResponseType(),
  }),
);

export interface RestEndpointProps {
  readonly settings: GatewaySettings;
  readonly write: IFunction;
  readonly search: IFunction;
}

/**
 * The HTTP endpoint. A REST API because an HTTP API decodes the path (ids with `/ % ? #` break) and cannot stream.
 * GET and HEAD go to the search function, so does what else reads; every other method goes to the write function.
 */
export class RestEndpoint extends Construct {
  readonly api: RestApi;
  /** What clients are given, with a slash at the end. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: RestEndpointProps) {
    super(scope, id);
    const { settings } = props;
    this.api = new RestApi(this, "Api", {
      restApiName: settings.stackName,
      description: "One endpoint in front of PRIMARY and BACKUP",
      ...apiExposure(this, settings),
      // Every body as bytes: gzip and bulk lines must arrive as they were sent.
      binaryMediaTypes: ["*/*"],
      defaultMethodOptions: {
        authorizationType: settings.authMode === "iam" ? AuthorizationType.IAM : AuthorizationType.NONE,
      },
      // Access logs need the account's role for API Gateway; it outlives the stack, as other APIs may use it.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: settings.stageName,
        tracingEnabled: true,
        throttlingRateLimit: settings.requestsPerSecondMax,
        throttlingBurstLimit: settings.requestBurstMax,
        accessLogDestination: new LogGroupLogDestination(
          new LogGroup(this, "AccessLog", {
            retention: settings.logRetentionDays,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        accessLogFormat: ACCESS_LOG_FORMAT,
        loggingLevel: MethodLoggingLevel.ERROR,
        // Bodies are documents: never in a log.
        dataTraceEnabled: false,
      },
    });
    pinLogicalId(this.api, "RestApi");
    // The stack has an output of its own, with a name that scripts can rely on.
    this.api.node.tryRemoveChild("Endpoint");
    this.answerInElasticsearchShape();
    this.addRoutes(props);
    this.url = settings.domain === undefined ? this.api.url : `https://${settings.domain.name}/`;
    if (settings.webAclArn !== undefined) {
      const { stageArn } = this.api.deploymentStage;
      new CfnWebACLAssociation(this, "WebAcl", { resourceArn: stageArn, webAclArn: settings.webAclArn });
    }
  }

  private addRoutes(props: RestEndpointProps): void {
    // One permission per function instead of two per method keeps the stack far from CloudFormation's 500 resources.
    const write = new LambdaIntegration(props.write, {
      scopePermissionToMethod: false,
      timeout: Duration.seconds(API_WAIT_SECONDS),
    });
    const search = new LambdaIntegration(props.search, {
      scopePermissionToMethod: false,
      timeout: searchTimeout(props.settings),
      responseTransferMode: props.settings.responseStreaming
        ? ResponseTransferMode.STREAM
        : ResponseTransferMode.BUFFERED,
    });
    for (const node of routeTree(searchRoutes, writtenPaths)) {
      const resource: IResource = this.api.root.resourceForPath(node.path);
      for (const method of node.search) resource.addMethod(method, search);
      for (const method of node.write) resource.addMethod(method, write);
    }
  }

  /** What API Gateway refuses by itself must look like a cluster's error, or clients cannot read it. */
  private answerInElasticsearchShape(): void {
    const shapes = [
      { type: ResponseType.REQUEST_TOO_LARGE, status: 413 },
      { type: ResponseType.THROTTLED, status: 429 },
      { type: ResponseType.INTEGRATION_TIMEOUT, status: 504 },
      { type: ResponseType.DEFAULT_4XX, status: undefined },
      { type: ResponseType.DEFAULT_5XX, status: undefined },
    ];
    for (const { type, status } of shapes) {
      const cause = '{"type":"api_gateway_exception","reason":$context.error.messageString}';
      const error = `{"root_cause":[${cause}],${cause.slice(1)}`;
      this.api.addGatewayResponse(`Answer${type.responseType}`, {
        type,
        ...(status === undefined ? {} : { statusCode: String(status) }),
        templates: {
          "application/json": `{"error":${error}${status === undefined ? "" : `,"status":${status}`}}`,
        },
      });
    }
  }
}
