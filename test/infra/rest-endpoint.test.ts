import assert from "node:assert/strict";
import { test } from "node:test";
import { Match } from "aws-cdk-lib/assertions";
import { searchRoutes, writtenPaths } from "../../functions/core/routing/search-routes.ts";
import { routeTree } from "../../infra/constructs/route-tree.ts";
import { synthesise } from "./synthesised.ts";
import { only, render, resources, routes } from "./template-reading.ts";

const template = synthesise();

test("RestEndpoint sends GET and HEAD to the search function and other methods to the write function", () => {
  const found = routes(template);
  for (const path of ["/", "/{index}", "/{index}/{proxy+}", "/_search/{proxy+}"]) {
    assert.equal(found.get(`GET ${path}`), "search+stream", path);
    assert.equal(found.get(`HEAD ${path}`), "search+stream", path);
    assert.equal(found.get(`ANY ${path}`), "write", path);
    assert.equal(found.get(`POST ${path}`), undefined, path);
  }
});

test("RestEndpoint has the resources of the endpoint table, and no more", () => {
  const found = routes(template);
  const wanted = routeTree(searchRoutes, writtenPaths).flatMap(({ path, search, write }) => [
    ...search.map((method) => [`${method} ${path}`, "search+stream"] as const),
    ...write.map((method) => [`${method} ${path}`, "write"] as const),
  ]);
  assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
});

test("RestEndpoint streams search answers for longer than a buffered one may take", () => {
  const transfer = (from: typeof template) =>
    new Set(
      Object.values(resources(from, "AWS::ApiGateway::Method"))
        .filter(({ Properties }) => Properties.HttpMethod === "GET")
        .map(({ Properties: { Integration } }) =>
          [Integration.ResponseTransferMode, Integration.TimeoutInMillis].join(),
        ),
    );
  assert.deepEqual(transfer(template), new Set(["STREAM,300000"]));
  const buffered = synthesise({ RESPONSE_STREAMING: "false" });
  assert.deepEqual(transfer(buffered), new Set(["BUFFERED,29000"]));
  assert.equal(routes(buffered).get("GET /{index}/{proxy+}"), "search");
});

test("RestEndpoint is regional, takes every body as bytes, and answers with Elasticsearch's error shape", () => {
  const api = only(template, "AWS::ApiGateway::RestApi").Properties;
  assert.deepEqual(api.EndpointConfiguration.Types, ["REGIONAL"]);
  assert.deepEqual(api.BinaryMediaTypes, ["*/*"]);
  const tooLarge = only(template, "AWS::ApiGateway::GatewayResponse", "EndpointApiAnswerREQUESTTOOLARGE");
  assert.equal(tooLarge.Properties.StatusCode, "413");
  const text = tooLarge.Properties.ResponseTemplates["application/json"];
  const reason = "too large";
  assert.deepEqual(JSON.parse(text.replaceAll("$context.error.messageString", JSON.stringify(reason))), {
    error: {
      root_cause: [{ type: "api_gateway_exception", reason }],
      type: "api_gateway_exception",
      reason,
    },
    status: 413,
  });
});

test("RestEndpoint's stage is throttled, traced, and logs one JSON line per request without path or body", () => {
  template.hasResourceProperties("AWS::ApiGateway::Stage", {
    StageName: "live",
    TracingEnabled: true,
    MethodSettings: [
      Match.objectLike({
        HttpMethod: "*",
        ResourcePath: "/*",
        DataTraceEnabled: false,
        ThrottlingRateLimit: 1_000,
        ThrottlingBurstLimit: 2_000,
      }),
    ],
  });
  const format = only(template, "AWS::ApiGateway::Stage").Properties.AccessLogSetting.Format;
  assert.equal(JSON.parse(format).resource, "$context.resourcePath");
  assert.doesNotMatch(format, /\$context\.(path|requestOverride)\b|authorization/i);
  template.hasResource("AWS::ApiGateway::Account", { DeletionPolicy: "Retain" });
});

test("RestEndpoint asks for IAM authorisation on every method under AUTH_MODE=iam, and leaves it to the functions otherwise", () => {
  const kinds = (from: typeof template) =>
    new Set(
      Object.values(resources(from, "AWS::ApiGateway::Method")).map(
        ({ Properties }) => Properties.AuthorizationType,
      ),
    );
  assert.deepEqual(kinds(template), new Set(["NONE"]));
  assert.deepEqual(kinds(synthesise({ AUTH_MODE: "iam" })), new Set(["AWS_IAM"]));
});

test("RestEndpoint lets only this API invoke the two functions, with one permission each", () => {
  const permissions = Object.values(resources(template, "AWS::Lambda::Permission"))
    .filter(({ Properties }) => Properties.Principal === "apigateway.amazonaws.com")
    .map(({ Properties }) => `${render(Properties.FunctionName)} ${render(Properties.SourceArn)}`);
  const source = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<RestApi>/*/*/*";
  assert.deepEqual(permissions.sort(), [`<SearchPathSearch> ${source}`, `<WritePathWrite> ${source}`]);
});

test("GatewayStack stays below CloudFormation's 500 resources and API Gateway's 300", () => {
  assert.ok(Object.keys(template.toJSON().Resources).length < 400);
  assert.ok(Object.keys(resources(template, "AWS::ApiGateway::Resource")).length < 150);
});
