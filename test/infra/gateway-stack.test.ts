import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Match } from "aws-cdk-lib/assertions";
import { counterNames } from "../../functions/core/runtime/telemetry.ts";
import { assertDurations, DURATIONS } from "../../infra/constructs/durations.ts";
import { synthesise } from "./synthesised.ts";
import { functionNames, only, render, resources, rightsOf } from "./template-reading.ts";

const template = synthesise();
/** A part of the stack's own UUID. */
const ofStack = "((<AWS::StackId> at /)[2] at -)[0]";

test("RecordQueue is a standard encrypted queue whose dead letters outlive it and come from it alone", () => {
  const { QueueName, ...queue } = only(template, "AWS::SQS::Queue", "RecordQueue").Properties;
  assert.equal(render(QueueName), `understudy-records-${ofStack}`);
  assert.deepEqual(queue, {
    SqsManagedSseEnabled: true,
    VisibilityTimeout: 360,
    MessageRetentionPeriod: 4 * 86_400,
    ReceiveMessageWaitTimeSeconds: 20,
    RedrivePolicy: {
      deadLetterTargetArn: { "Fn::GetAtt": ["DeadLetterQueue", "Arn"] },
      maxReceiveCount: 1_000,
    },
  });
  const { RedriveAllowPolicy, ...rest } = only(template, "AWS::SQS::Queue", "DeadLetterQueue").Properties;
  assert.deepEqual(rest, { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
  assert.equal(RedriveAllowPolicy.redrivePermission, "byQueue");
  assert.deepEqual(RedriveAllowPolicy.sourceQueueArns.map(render), [
    `arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:understudy-records-${ofStack}`,
    `arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:understudy-parking-${ofStack}`,
  ]);
});

test("no resource that outlives its stack has a name that the next stack of its name would meet", () => {
  const names = [
    ["AWS::SQS::Queue", "QueueName"],
    ["AWS::S3::Bucket", "BucketName"],
    ["AWS::SecretsManager::Secret", "Name"],
  ];
  for (const [type = "", member = ""] of names) {
    for (const { Properties } of Object.values(resources(template, type))) {
      const name = Properties[member];
      assert.ok(name === undefined || render(name).includes("<AWS::StackId>"), render(name));
    }
  }
});

test("ParkingQueue hands a message out once, so that SQS dead-letters what replay parks and knows its source", () => {
  const parking = only(template, "AWS::SQS::Queue", "ParkingQueue").Properties;
  assert.deepEqual(parking.RedrivePolicy, {
    deadLetterTargetArn: { "Fn::GetAtt": ["DeadLetterQueue", "Arn"] },
    maxReceiveCount: 1,
  });
  const { Variables } = only(template, "AWS::Lambda::Function", "ReplayPathReplay").Properties.Environment;
  assert.deepEqual(Variables.DEAD_LETTER_QUEUE_URL, { Ref: "ParkingQueue" });
});

test("GatewayStack refuses plain HTTP on its queues and the bucket", () => {
  const denied = [
    ...Object.values(resources(template, "AWS::SQS::QueuePolicy")),
    ...Object.values(resources(template, "AWS::S3::BucketPolicy")),
  ].flatMap(({ Properties }) =>
    Properties.PolicyDocument.Statement.map(
      (one: Record<string, unknown>) =>
        `${one.Effect} ${one.Action} on ${[one.Resource].flat().map(render).join(" ")} ${JSON.stringify(one.Condition)}`,
    ),
  );
  const insecure = '{"Bool":{"aws:SecureTransport":"false"}}';
  assert.deepEqual(denied.sort(), [
    `Deny s3:* on <PayloadBucket> <PayloadBucket>/* ${insecure}`,
    `Deny sqs:* on <DeadLetterQueue> ${insecure}`,
    `Deny sqs:* on <ParkingQueue> ${insecure}`,
    `Deny sqs:* on <RecordQueue> ${insecure}`,
  ]);
});

test("PayloadBucket is private and encrypted, expires payloads after 30 days, and never an intent", () => {
  const bucket = only(template, "AWS::S3::Bucket").Properties;
  assert.deepEqual(bucket.PublicAccessBlockConfiguration, {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  });
  assert.deepEqual(bucket.BucketEncryption.ServerSideEncryptionConfiguration, [
    { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
  ]);
  assert.equal(bucket.VersioningConfiguration, undefined);
  assert.deepEqual(bucket.LifecycleConfiguration.Rules, [
    { Id: "expire-payloads", Prefix: "payloads/", ExpirationInDays: 30, Status: "Enabled" },
    {
      Id: "abort-uploads",
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      Status: "Enabled",
    },
  ]);
});

test("GatewayStack pins the logical ids of what holds state, and keeps it when the stack goes", () => {
  const stateful: Record<string, string> = {
    RecordQueue: "AWS::SQS::Queue",
    DeadLetterQueue: "AWS::SQS::Queue",
    ParkingQueue: "AWS::SQS::Queue",
    PayloadBucket: "AWS::S3::Bucket",
    ClientSecret: "AWS::SecretsManager::Secret",
    HandleKey: "AWS::SecretsManager::Secret",
  };
  for (const [id, type] of Object.entries(stateful)) {
    const resource = resources(template, type)[id];
    assert.equal(resource?.DeletionPolicy, "Retain", id);
    assert.equal(resource?.UpdateReplacePolicy, "Retain", id);
  }
  assert.ok(
    resources(template, "AWS::ApiGateway::RestApi").RestApi,
    "clients know the API's id from its URL",
  );
  const throwaway = synthesise({ RETAIN_DATA: "false" });
  for (const [id, type] of Object.entries(stateful)) {
    assert.equal(resources(throwaway, type)[id]?.DeletionPolicy, "Delete", id);
  }
});

test("ReplayPath takes batches with partial responses at the concurrency that BACKUP bears", () => {
  const mapping = only(
    synthesise({ REPLAY_MAX_CONCURRENCY: "3" }),
    "AWS::Lambda::EventSourceMapping",
    "ReplayPath",
  );
  assert.deepEqual(
    { ...mapping.Properties, FunctionName: render(mapping.Properties.FunctionName) },
    {
      EventSourceArn: { "Fn::GetAtt": ["RecordQueue", "Arn"] },
      FunctionName: "<ReplayPathReplay>",
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: 3 },
    },
  );
  template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    ScalingConfig: { MaximumConcurrency: 10 },
  });
});

test("an update reaches the replay function before the write function, whose records it must read", () => {
  const { DependsOn = [] } = only(template, "AWS::Lambda::Function", "WritePathWrite");
  assert.ok(
    DependsOn.some((id) => /^ReplayPathReplay[0-9A-F]{8}$/.test(id)),
    DependsOn.join(),
  );
});

test("ReconcileSweep runs every minute and is not retried", () => {
  const rule = only(template, "AWS::Events::Rule").Properties;
  assert.equal(rule.ScheduleExpression, "rate(1 minute)");
  assert.equal(render(rule.Targets[0].Arn), "<ReconcileSweepReconcile>");
  const retries = only(template, "AWS::Lambda::EventInvokeConfig").Properties;
  assert.equal(render(retries.FunctionName), "<ReconcileSweepReconcile>");
  assert.equal(retries.MaximumRetryAttempts, 0);
});

test("gatewayFunction() makes Node 22 functions on arm64, traced, each with a role and an expiring log of its own", () => {
  const roles = new Set<string>();
  const logs = new Set<string>();
  for (const name of functionNames) {
    const { Properties } = only(template, "AWS::Lambda::Function", name);
    assert.equal(Properties.Runtime, "nodejs22.x");
    assert.deepEqual(Properties.Architectures, ["arm64"]);
    assert.equal(Properties.TracingConfig.Mode, "Active");
    assert.ok(Properties.MemorySize >= 512 && Properties.Timeout > 3, "explicit memory and timeout");
    roles.add(render(Properties.Role));
    logs.add(render(Properties.LoggingConfig.LogGroup));
  }
  assert.equal(roles.size, functionNames.length);
  assert.equal(logs.size, functionNames.length);
  template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
  const write = only(template, "AWS::Lambda::Function", "WritePathWrite").Properties;
  assert.ok(write.Timeout > 29, "the write function outlives API Gateway's wait");
});

test("Alarms have the names of the runbook's sections, and tell the topic where one is set", () => {
  const alarms = Object.values(resources(template, "AWS::CloudWatch::Alarm"));
  assert.deepEqual(alarms.map(({ Properties }) => Properties.AlarmName).sort(), [
    "understudy-dead-letters",
    "understudy-fallback-active",
    "understudy-intents-swept",
    "understudy-oldest-record",
    "understudy-parked-waiting",
    "understudy-primary-down",
    "understudy-reconcile-errors",
    "understudy-records-waiting",
    "understudy-redrive-errors",
    "understudy-replay-at-its-limit",
    "understudy-replay-errors",
    "understudy-requests-failed",
    "understudy-search-errors",
    "understudy-throttles",
    "understudy-write-errors",
  ]);
  assert.ok(alarms.every(({ Properties }) => Properties.AlarmActions === undefined));
  const topic = "arn:aws:sns:eu-west-1:123456789012:on-call";
  synthesise({ ALARM_TOPIC_ARN: topic }).allResourcesProperties("AWS::CloudWatch::Alarm", {
    AlarmActions: [topic],
    TreatMissingData: "notBreaching",
  });
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    AlarmName: "understudy-dead-letters",
    Threshold: 0,
    ComparisonOperator: "GreaterThanThreshold",
    Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": ["DeadLetterQueue", "QueueName"] } }],
  });
});

test("Alarms and dashboard ask for metrics that the functions publish, under the stack's name", () => {
  const asked = Object.values(resources(template, "AWS::CloudWatch::Alarm"))
    .map(({ Properties }) => Properties)
    .filter(({ Namespace }) => Namespace === "understudy");
  assert.ok(asked.length >= 4);
  for (const { MetricName, Dimensions } of asked) {
    assert.ok(
      counterNames.some((name) => name === MetricName),
      MetricName,
    );
    assert.deepEqual(Dimensions, [{ Name: "service", Value: "understudy" }]);
  }
  const { Variables } = only(template, "AWS::Lambda::Function", "WritePathWrite").Properties.Environment;
  assert.equal(Variables.POWERTOOLS_METRICS_NAMESPACE, "understudy");
  assert.equal(Variables.POWERTOOLS_SERVICE_NAME, "understudy");
});

test("GatewayStack has the outputs that scripts rely on, and a client secret only where clients use it", () => {
  const names = (from: typeof template) => Object.keys(from.toJSON().Outputs).sort();
  assert.deepEqual(names(template), [
    "ApiUrl",
    "BackupEndpoint",
    "ClientSecretName",
    "DashboardUrl",
    "DeadLetterQueueUrl",
    "KeptByDestroy",
    "ParkingQueueUrl",
    "PayloadBucketName",
    "PrimaryEndpoint",
    "QueueUrl",
  ]);
  template.hasResourceProperties("AWS::CloudWatch::Dashboard", { DashboardName: "understudy" });
  const iam = synthesise({ AUTH_MODE: "iam" });
  assert.equal(names(iam).includes("ClientSecretName"), false);
  assert.deepEqual(Object.keys(resources(iam, "AWS::SecretsManager::Secret")), ["HandleKey"]);
  template.hasResourceProperties("AWS::SecretsManager::Secret", {
    GenerateSecretString: Match.objectLike({ GenerateStringKey: "password", PasswordLength: 40 }),
  });
});

test("GatewayStack takes an existing client secret instead of generating one", () => {
  const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:clients-AbCdEf";
  const own = synthesise({ CLIENT_SECRET_ARN: arn });
  assert.deepEqual(Object.keys(resources(own, "AWS::SecretsManager::Secret")), ["HandleKey"]);
  assert.equal(own.toJSON().Outputs.ClientSecretName.Value, "clients");
  assert.ok(rightsOf(own, "WritePathWriteRole").some((right) => right.includes(arn)));
});

test("assertDurations() accepts what is deployed", () => {
  assertDurations(DURATIONS);
});

test("GatewayStack refuses durations that lose or repeat records, and explains all of them at once", () => {
  const durations = {
    replayTimeoutSeconds: 60,
    visibilityTimeoutSeconds: 359,
    queueRetentionSeconds: 14 * 86_400,
    deadLetterRetentionSeconds: 14 * 86_400,
    payloadExpirySeconds: 27 * 86_400,
  };
  assert.throws(
    () => synthesise({}, { props: { durations } }),
    ({ message }: Error) => {
      assert.match(
        message,
        /visibilityTimeoutSeconds \(359\) must be at least 6 x replayTimeoutSeconds \(60\): a/,
      );
      assert.match(message, /deadLetterRetentionSeconds \(1209600\) must exceed queueRetentionSeconds/);
      assert.match(message, /payloadExpirySeconds \(2332800\) must be at least .* \(2419200\): a redriven/);
      return true;
    },
  );
});

test("the runbook's sketch of the dashboard shows each of its widgets", () => {
  const runbook = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");
  const body = render(only(template, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"]);
  const titles = [...body.matchAll(/"title":"([^"]+)"/g)].map(([, title = ""]) => title);
  assert.ok(titles.length > 8);
  const sketch = /## The dashboard\n[^#]+/.exec(runbook)?.[0] ?? "";
  for (const title of titles) assert.ok(sketch.includes(`│ ${title} `), title);
});
