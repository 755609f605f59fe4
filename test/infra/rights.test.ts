import assert from "node:assert/strict";
import { test } from "node:test";
import { mayAsk } from "../model/primary-to-read.ts";
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

test("ClusterAccess signs for one domain: only who writes there may write, others POST and DELETE at the paths of reads", () => {
  const signed = synthesise({
    PRIMARY_SIGV4_SERVICE: "es",
    PRIMARY_SIGV4_RESOURCE_ARN: domain,
    BACKUP_SIGV4_SERVICE: "aoss",
    BACKUP_SIGV4_RESOURCE_ARN: collection,
  });
  const reads = `Allow es:ESHttpGet es:ESHttpHead on ${domain}/*`;
  const writes = `Allow es:ESHttpDelete es:ESHttpGet es:ESHttpHead es:ESHttpPatch es:ESHttpPost es:ESHttpPut on ${domain}/*`;
  const backup = `Allow aoss:APIAccessAll on ${collection}`;
  const cluster = (role: string) =>
    rightsOf(signed, role)
      .filter((right) => /es:ESHttp|aoss:/.test(right))
      .sort();
  const pathsOf = (right: string | undefined) => (right?.split(" on ")[1] ?? "").split(/[ ,]+/);
  assert.deepEqual(cluster("WritePathWriteRole"), [writes]);
  assert.deepEqual(cluster("ReconcileSweepReconcileRole"), [reads]);
  const posts = ["/*/_flush", "/*/_refresh", "/*/_search", "/_mget"].map((path) => domain + path);
  assert.deepEqual(cluster("ReplayPathReplayRole"), [
    backup,
    reads,
    `Allow es:ESHttpPost on ${posts.join(" ")}`,
  ]);

  const search = cluster("SearchPathSearchRole");
  assert.deepEqual(search.slice(0, 1), [backup]);
  assert.ok(search.includes(reads));
  const freed = pathsOf(search.find((right) => right.startsWith("Allow es:ESHttpDelete on ")));
  const handles =
    /\/_(search\/(scroll|point_in_time)|pit|async_search|plugins\/_async|eql\/search|query\/async|sql\/async)/;
  assert.ok(freed.includes(`${domain}/_search/scroll`));
  for (const path of freed) assert.match(path, handles);
  const posted = pathsOf(search.find((right) => right.startsWith("Allow es:ESHttpPost on ")));
  for (const path of ["/_search", "/*/_search", "/_msearch", "/*/_count", "/*/_pit", "/*/_termvectors/*"])
    assert.ok(posted.includes(domain + path), path);
  // `*` stands for slashes too, so a path must end in the read's own name, or have one in the middle.
  for (const path of posted) assert.match(path, /\/_[a-z_]+(\/[a-z_*]+)*$/);
  for (const write of ["_bulk", "_doc", "_create", "_update", "_delete_by_query", "_aliases", "_reindex"])
    assert.ok(!posted.some((path) => path.includes(`/${write}`) || path.endsWith("/*/*")), write);
  assert.equal(search.length, 4);
});

test("mayAsk() as the simulation asks it: replay's POSTs and no writes", () => {
  for (const path of ["/_mget", "/books/_search", "/a%2Fb/_refresh"])
    assert.ok(mayAsk("replay", "POST", path));
  for (const path of ["/_bulk", "/books/_doc", "/books/_doc/1", "/books/_close", "/_search"])
    assert.ok(!mayAsk("replay", "POST", path), path);
  assert.ok(!mayAsk("replay", "PUT", "/books"));
  assert.ok(!mayAsk("sweep", "POST", "/_mget"));
  assert.ok(mayAsk("sweep", "GET", "/_tasks"));
});

test("SearchPath's policy stays within what IAM takes for a role, with the longest names on both sides", () => {
  const longest = `arn:aws-us-gov:es:us-gov-west-1:123456789012:domain/${"d".repeat(28)}`;
  const signed = synthesise({
    PRIMARY_SIGV4_SERVICE: "es",
    PRIMARY_SIGV4_RESOURCE_ARN: longest,
    BACKUP_SIGV4_SERVICE: "es",
    BACKUP_SIGV4_RESOURCE_ARN: `${longest.slice(0, -1)}e`,
  });
  // 10,240 characters for a role's inline policies together, 6,144 for a managed one (IAM and STS quotas).
  const inline = Object.entries(resources(signed, "AWS::IAM::Policy")).filter(([id]) =>
    id.startsWith("SearchPathSearchRole"),
  );
  const managed = Object.entries(resources(signed, "AWS::IAM::ManagedPolicy"));
  const sizeOf = ([, policy]: (typeof managed)[number]) =>
    JSON.stringify(policy.Properties.PolicyDocument).length;
  assert.ok(inline.reduce((sum, policy) => sum + sizeOf(policy), 0) <= 10_240);
  for (const policy of managed) assert.ok(sizeOf(policy) <= 6144, `${policy[0]}: ${sizeOf(policy)}`);
});
