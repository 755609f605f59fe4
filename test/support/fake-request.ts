import type { APIGatewayProxyEvent } from "aws-lambda";
import type { GatewayRequest } from "../../functions/core/http/request.ts";

/** A client's request: `"POST /books/_bulk?refresh"` and its body. */
export function fakeRequest(
  line: string,
  body: Buffer | string = "",
  more: Partial<GatewayRequest> = {},
): GatewayRequest {
  const [method = "", target = ""] = line.split(/ (.*)/s);
  const at = target.indexOf("?");
  return {
    method,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? "" : target.slice(at + 1),
    headers: { "content-type": "application/json" },
    body: Buffer.from(body),
    receivedMs: 1_700_000_000_000,
    requestId: "request-1",
    ...more,
  };
}

/** A REST API proxy event with what the functions read of it. */
export function fakeEvent(more: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent {
  return {
    httpMethod: "GET",
    path: "/",
    headers: {},
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    resource: "/{proxy+}",
    body: null,
    isBase64Encoded: false,
    requestContext: {
      accountId: "0",
      apiId: "local",
      authorizer: null,
      protocol: "HTTP/1.1",
      httpMethod: "GET",
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: "127.0.0.1",
        user: null,
        userAgent: null,
        userArn: null,
      },
      path: "/",
      stage: "local",
      requestId: "request-1",
      requestTimeEpoch: 0,
      resourceId: "r",
      resourcePath: "/{proxy+}",
    },
    ...more,
  };
}
