import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import type { AwsAccount } from "../../infra/cli/aws-query.ts";
import { readStackMetrics } from "../../infra/cli/stack-metrics.ts";
import { readStackOutputs } from "../../infra/cli/stack-outputs.ts";

// Answers in the form that AWS's references show; the deployment's own test asks an emulator.

type Reply = readonly [status: number, xml: string];
const asked: { readonly parameters: URLSearchParams; readonly authorization: string }[] = [];
let reply: (parameters: URLSearchParams) => Reply = () => [500, ""];

const server = createServer(async (request, response) => {
  const parameters = new URLSearchParams(await text(request));
  asked.push({ parameters, authorization: request.headers.authorization ?? "" });
  const [status, xml] = reply(parameters);
  response.writeHead(status, { "content-type": "text/xml" }).end(xml);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
after(() => server.close());
const { port } = server.address() as AddressInfo;

const account: AwsAccount = {
  region: "eu-west-1",
  credentials: { accessKeyId: "AKID", secretAccessKey: "any", sessionToken: undefined },
  endpoint: `http://127.0.0.1:${port}`,
};

const outputs = {
  QueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/understudy-records-0a1b2c3d",
  ParkingQueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/understudy-parking-0a1b2c3d",
  DeadLetterQueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/understudy-dead",
  PayloadBucketName: "understudy-payloads",
  PrimaryEndpoint: "https://a.example,https://b.example",
  BackupEndpoint: "https://c.example?x&y",
  DashboardUrl: "https://eu-west-1.console.aws.amazon.com/cloudwatch/home#dashboards",
};

function described(told: Readonly<Record<string, string>>): string {
  const members = Object.entries(told).map(
    ([name, value]) =>
      `<member><Description>what it is</Description><OutputKey>${name}</OutputKey>\n` +
      `<OutputValue>${value.replaceAll("&", "&amp;")}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>understudy</StackName>
<Outputs>${members.join("")}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

test("readStackOutputs() asks CloudFormation for the stack by name, signed for it, and reads its outputs", async () => {
  reply = () => [200, described({ ApiUrl: "https://api.example/live/", ...outputs })];
  assert.deepEqual(await readStackOutputs("understudy", account), outputs);
  const { parameters, authorization } = asked.at(-1) ?? assert.fail();
  assert.equal(parameters.get("Action"), "DescribeStacks");
  assert.equal(parameters.get("StackName"), "understudy");
  assert.match(
    authorization,
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/cloudformation\/aws4_request/,
  );
});

test("readStackOutputs() says what is wrong with another stack's name, or another stack", async () => {
  reply = () => [
    400,
    "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id nobody does not exist</Message></Error></ErrorResponse>",
  ];
  await assert.rejects(readStackOutputs("nobody", account), {
    name: "CannotTell",
    message: /\[nobody\] cannot be read in eu-west-1: .*does not exist\nCheck --stack/,
  });
  reply = () => [200, described({ ApiUrl: "https://other.example" })];
  await assert.rejects(
    readStackOutputs("other", account),
    /has no output QueueUrl, ParkingQueueUrl, .*--queue-url/s,
  );
  const away = { ...account, endpoint: "http://127.0.0.1:9" };
  await assert.rejects(readStackOutputs("understudy", away), /DescribeStacks \(127\.0\.0\.1:9\) failed/);
});

test("readStackMetrics() takes the latest age, whatever the order, and sums the counters", async () => {
  const now = Date.parse("2026-11-23T08:48:00Z");
  const point = (time: string, statistic: string, value: number) =>
    `<member><${statistic}>${value}</${statistic}><Unit>Count</Unit><Timestamp>${time}</Timestamp></member>`;
  reply = (parameters) => {
    const points: Readonly<Record<string, string>> = {
      ApproximateAgeOfOldestMessage:
        point("2026-11-23T08:46:00Z", "Maximum", 137) + point("2026-11-23T08:45:00Z", "Maximum", 77),
      fallbacks: point("2026-11-23T08:00:00Z", "Sum", 3) + point("2026-11-23T08:40:00Z", "Sum", 4.0),
    };
    const found = points[parameters.get("MetricName") ?? ""];
    const list = found === undefined ? "<Datapoints/>" : `<Datapoints>${found}</Datapoints>`;
    return [
      200,
      `<GetMetricStatisticsResponse><GetMetricStatisticsResult>${list}</GetMetricStatisticsResult></GetMetricStatisticsResponse>`,
    ];
  };
  const { oldestSeconds, counters } = await readStackMetrics(account, "understudy", outputs.QueueUrl, now);
  assert.equal(oldestSeconds, 137);
  assert.deepEqual([counters.fallbacks, counters.primaryErrors], [7, 0]);
  const dimensions = new Set(asked.map(({ parameters }) => parameters.get("Dimensions.member.1.Value")));
  assert.ok(dimensions.has("understudy-records-0a1b2c3d") && dimensions.has("understudy"));
  reply = () => [403, "<ErrorResponse><Error><Message>not authorized</Message></Error></ErrorResponse>"];
  await assert.rejects(
    readStackMetrics(account, "understudy", outputs.QueueUrl, now),
    /GetMetricStatistics .*not authorized/,
  );
});
