import assert from "node:assert/strict";
import { test } from "node:test";
import { synthesise } from "./synthesised.ts";
import { resources, rightsOf } from "./template-reading.ts";

const primarySecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:primary-AbCdEf";
const backupSecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:backup-AbCdEf";
const domain = "arn:aws:es:eu-west-1:123456789012:domain/books";
const collection = "arn:aws:aoss:eu-west-1:123456789012:collection/abc123";
const withSecrets = { PRIMARY_SECRET_ARN: primarySecret, BACKUP_SECRET_ARN: backupSecret };

const template = synthesise(withSecrets);
const readSecret = "Allow secretsmanager:DescribeSecret secretsmanager:GetSecretValue on";
const trace = "Allow xray:PutTelemetryRecords xray:PutTraceSegments on *";
const log = (name: string) => `Allow logs:CreateLogStream logs:PutLogEvents on <${name}Logs>`;

/** The secrets, in the order of the statements, that a role may read. */
const secretsOf = (from: typeof template, role: string) =>
  rightsOf(from, role)
    .filter((right) => right.startsWith(readSecret))
    .map((right) => right.slice(readSecret.length + 1));

test("WritePath may enqueue, write payloads, and write and remove intents; it knows PRIMARY's secret only", () => {
  assert.deepEqual(rightsOf(template, "WritePathWriteRole").sort(), [
    log("WritePathWrite"),
    "Allow s3:DeleteObject s3:PutObject on <PayloadBucket>/intents/*",
    "Allow s3:PutObject on <PayloadBucket>/payloads/*",
    `${readSecret} <ClientSecret> <HandleKey> ${primarySecret}`,
    "Allow sqs:SendMessage on <RecordQueue>",
    trace,
  ]);
});

test("WritePath has no right on intents when there are none", () => {
  const rights = rightsOf(synthesise({ INTENTS: "off" }), "WritePathWriteRole");
  assert.ok(rights.includes("Allow s3:PutObject on <PayloadBucket>/payloads/*"));
  assert.ok(!rights.some((right) => right.includes("intents")));
});

test("SearchPath may read its secrets and nothing else: no queue, no bucket", () => {
  assert.deepEqual(rightsOf(template, "SearchPathSearchRole").sort(), [
    log("SearchPathSearch"),
    `${readSecret} <ClientSecret> <HandleKey> ${backupSecret} ${primarySecret}`,
    trace,
  ]);
});

test("ReplayPath may consume and re-enqueue records, park them, and read and remove payloads", () => {
  assert.deepEqual(rightsOf(template, "ReplayPathReplayRole").sort(), [
    log("ReplayPathReplay"),
    "Allow s3:DeleteObject s3:GetObject s3:PutObject on <PayloadBucket>/payloads/*",
    "Allow s3:ListBucket on <PayloadBucket>",
    `${readSecret} ${backupSecret} ${primarySecret}`,
    "Allow sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage sqs:SendMessage on <RecordQueue>",
    "Allow sqs:SendMessage on <ParkingQueue>",
    trace,
  ]);
});

test("RedrivePath may consume the parking queue and send records, and nothing else", () => {
  assert.deepEqual(rightsOf(template, "RedrivePathRedriveRole").sort(), [
    log("RedrivePathRedrive"),
    "Allow sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage on <ParkingQueue>",
    "Allow sqs:SendMessage on <RecordQueue>",
    trace,
  ]);
});

test("ReconcileSweep may list, read and remove intents and enqueue; it knows PRIMARY's secret only", () => {
  assert.deepEqual(rightsOf(template, "ReconcileSweepReconcileRole").sort(), [
    log("ReconcileSweepReconcile"),
    "Allow s3:DeleteObject s3:GetObject on <PayloadBucket>/intents/*",
    'Allow s3:ListBucket on <PayloadBucket> if {"StringLike":{"s3:prefix":"intents/*"}}',
    "Allow s3:PutObject on <PayloadBucket>/intents/clock*",
    `${readSecret} ${primarySecret}`,
    "Allow sqs:SendMessage on <RecordQueue>",
    trace,
  ]);
});

test("GatewayStack's functions have no managed policies", () => {
  for (const [id, role] of Object.entries(resources(template, "AWS::IAM::Role"))) {
    if (id.startsWith("EndpointApiCloudWatchRole")) continue;
    assert.equal(role.Properties.ManagedPolicyArns, undefined, id);
  }
});

test("SearchPath gets no service credentials under passthrough: nobody here authenticated the caller", () => {
  const passthrough = synthesise({ ...withSecrets, AUTH_MODE: "passthrough" });
  assert.deepEqual(secretsOf(passthrough, "SearchPathSearchRole"), ["<HandleKey>"]);
  assert.deepEqual(secretsOf(passthrough, "ReplayPathReplayRole"), [`${backupSecret} ${primarySecret}`]);
  const functions = Object.entries(resources(passthrough, "AWS::Lambda::Function"));
  const told = functions.filter(([, one]) => one.Properties.Environment.Variables.BACKUP_SECRET_ARN);
  assert.deepEqual(
    told.map(([id]) => id.slice(0, -8)),
    ["ReplayPathReplay"],
  );
});

test("ClusterAccess signs for one domain, and lets only the function that writes there write", () => {
  const signed = synthesise({
    PRIMARY_SIGV4_SERVICE: "es",
    PRIMARY_SIGV4_RESOURCE_ARN: domain,
    BACKUP_SIGV4_SERVICE: "aoss",
    BACKUP_SIGV4_RESOURCE_ARN: collection,
  });
  const reads = `Allow es:ESHttpGet es:ESHttpHead es:ESHttpPost on ${domain}/*`;
  const writes = `Allow es:ESHttpDelete es:ESHttpGet es:ESHttpHead es:ESHttpPatch es:ESHttpPost es:ESHttpPut on ${domain}/*`;
  const backup = `Allow aoss:APIAccessAll on ${collection}`;
  const cluster = (role: string) =>
    rightsOf(signed, role)
      .filter((right) => /es:ESHttp|aoss:/.test(right))
      .sort();
  assert.deepEqual(cluster("WritePathWriteRole"), [writes]);
  const freed = cluster("SearchPathSearchRole").filter((right) => right.includes("ESHttpDelete"));
  const paths = freed
    .join()
    .replace(/^Allow es:ESHttpDelete on /, "")
    .split(/[ ,]+/);
  assert.ok(paths.includes(`${domain}/_search/scroll`));
  const handles =
    /\/_(search\/(scroll|point_in_time)|pit|async_search|plugins\/_async|eql\/search|query\/async|sql\/async)/;
  for (const path of paths) assert.match(path, handles);
  const others = cluster("SearchPathSearchRole").filter((right) => !freed.includes(right));
  assert.deepEqual(others, [backup, reads].sort());
  assert.deepEqual(cluster("ReplayPathReplayRole"), [backup, reads].sort());
  assert.deepEqual(cluster("ReconcileSweepReconcileRole"), [reads]);
});
