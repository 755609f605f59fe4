import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../infra/settings.ts";

const minimum = {
  PRIMARY_ENDPOINT: "https://primary.example:9200",
  BACKUP_ENDPOINT: "https://backup.example:9200",
};
const primarySecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:primary-AbCdEf";
const domain = "arn:aws:es:eu-west-1:123456789012:domain/books";

const read = (environment: Record<string, string>, context: Record<string, unknown> = {}) =>
  readSettings({ environment, context: (name) => context[name] });

/** The lines of the one error, without the heading. */
function problems(environment: Record<string, string>, context: Record<string, unknown> = {}): string[] {
  try {
    read(environment, context);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ""));
  }
  return [];
}

test("readSettings() needs the two endpoints only, and has the documented defaults", () => {
  const limits = {
    access: { kind: "none" },
    qpsMaxPerNode: 10_000,
    bytesMaxPerNode: 104_857_600,
    connectionsMaxPerNode: 200,
    discovery: false,
    discoveryRefresh: false,
    caFile: undefined,
    verifyTls: true,
  };
  assert.deepEqual(read(minimum), {
    stackName: "understudy",
    stageName: "live",
    primary: { endpoint: minimum.PRIMARY_ENDPOINT, ...limits },
    backup: { endpoint: minimum.BACKUP_ENDPOINT, ...limits },
    authMode: "basic",
    clientSecretArn: undefined,
    enforceBulkRequestsOnly: false,
    intents: "before",
    recordEncoding: "brotli",
    inlineRecordBytesMax: 458_752,
    retryPauseMaxSeconds: 300,
    replayConcurrencyMax: 10,
    responseStreaming: true,
    requestsPerSecondMax: 1_000,
    requestBurstMax: 2_000,
    logLevel: "info",
    alarmTopicArn: undefined,
    retainData: true,
    passedOn: {},
    network: undefined,
    domain: undefined,
    webAclArn: undefined,
    apiVpcEndpointIds: [],
    kmsKeyArn: undefined,
    pollers: undefined,
    writeReservedConcurrency: undefined,
    searchReservedConcurrency: undefined,
    logRetentionDays: 30,
  });
});

test("readSettings() takes the environment before the context, and the context's numbers and booleans", () => {
  const settings = read(
    { ...minimum, LOG_LEVEL: "debug", INTENTS: "" },
    { LOG_LEVEL: "error", INTENTS: "parallel", REPLAY_MAX_CONCURRENCY: 4, RESPONSE_STREAMING: false },
  );
  assert.equal(settings.logLevel, "debug");
  assert.equal(settings.intents, "parallel", "an empty variable counts as unset");
  assert.equal(settings.replayConcurrencyMax, 4);
  assert.equal(settings.responseStreaming, false);
});

test("readSettings() lists every problem at once, each with its setting's name", () => {
  const found = problems({
    BACKUP_ENDPOINT: "ftp://backup.example",
    AUTH_MODE: "none",
    RECORD_ENCODING: "plain",
    INTENTS: "later",
    REPLAY_MAX_CONCURRENCY: "1",
    RESPONSE_STREAMING: "yes",
    PRIMARY_MAX_QPS_PER_NODE: "-5",
  });
  assert.deepEqual(found, [
    "AUTH_MODE must be basic, iam, passthrough (none exists only on loopback)",
    "RESPONSE_STREAMING must be true or false",
    "PRIMARY_ENDPOINT is missing; set it to the URLs of the cluster's nodes, comma-separated",
    "PRIMARY_MAX_QPS_PER_NODE must be a whole number from 1 to 1000000",
    "BACKUP_ENDPOINT has an entry that is no http(s) URL; write https://host[:port], comma-separated",
    "INTENTS must be before, parallel, off",
    "RECORD_ENCODING must be brotli, gzip (plain exists only on the local host: SQS is paid for by the 64 KB)",
    "REPLAY_MAX_CONCURRENCY must be a whole number from 2 to 1000",
  ]);
});

test("readSettings() refuses credentials in settings, says where they belong, and does not repeat them", () => {
  const found = problems({
    PRIMARY_ENDPOINT: "https://elastic:hunter2@primary.example",
    BACKUP_ENDPOINT: minimum.BACKUP_ENDPOINT,
    BACKUP_USERNAME: "admin",
    BACKUP_PASSWORD: "hunter3",
  });
  const store = 'is for the local host only; store {"username", "password"} in Secrets Manager';
  assert.deepEqual(found, [
    "PRIMARY_ENDPOINT must not carry credentials; use PRIMARY_SECRET_ARN",
    `BACKUP_USERNAME ${store}, set BACKUP_SECRET_ARN and unset it`,
    `BACKUP_PASSWORD ${store}, set BACKUP_SECRET_ARN and unset it`,
  ]);
  assert.doesNotMatch(found.join(), /hunter/);
});

test("readSettings() reads a secret's ARN and SigV4 as ways to sign in", () => {
  const settings = read({
    ...minimum,
    PRIMARY_SECRET_ARN: primarySecret,
    BACKUP_SIGV4_SERVICE: "es",
    BACKUP_SIGV4_RESOURCE_ARN: domain,
  });
  assert.deepEqual(settings.primary.access, { kind: "secret", secretArn: primarySecret });
  assert.deepEqual(settings.backup.access, {
    kind: "sigv4",
    service: "es",
    region: "eu-west-1",
    resourceArn: domain,
  });
});

test("readSettings() refuses two ways to sign in, and SigV4 without the resource or with another service's", () => {
  const both = { PRIMARY_SECRET_ARN: primarySecret, PRIMARY_SIGV4_SERVICE: "es" };
  assert.deepEqual(problems({ ...minimum, ...both, PRIMARY_SIGV4_RESOURCE_ARN: domain }), [
    "PRIMARY_SECRET_ARN and PRIMARY_SIGV4_SERVICE exclude each other; unset one of the two",
  ]);
  assert.deepEqual(problems({ ...minimum, PRIMARY_SIGV4_SERVICE: "es" }), [
    "PRIMARY_SIGV4_RESOURCE_ARN must be the ARN of the domain that is signed for",
  ]);
  assert.deepEqual(
    problems({ ...minimum, PRIMARY_SIGV4_SERVICE: "aoss", PRIMARY_SIGV4_RESOURCE_ARN: domain }),
    ["PRIMARY_SIGV4_RESOURCE_ARN must be the ARN of the collection that is signed for"],
  );
  assert.deepEqual(problems({ ...minimum, PRIMARY_SIGV4_RESOURCE_ARN: domain }), [
    "PRIMARY_SIGV4_RESOURCE_ARN needs PRIMARY_SIGV4_SERVICE as well (es or aoss); set it",
  ]);
});

test("readSettings() refuses an incomplete ARN, and a client secret where nobody would check it", () => {
  assert.deepEqual(problems({ ...minimum, PRIMARY_SECRET_ARN: "primary" }), [
    "PRIMARY_SECRET_ARN must be a complete Secrets Manager ARN",
  ]);
  assert.deepEqual(problems({ ...minimum, AUTH_MODE: "iam", CLIENT_SECRET_ARN: primarySecret }), [
    "CLIENT_SECRET_ARN has no meaning with AUTH_MODE=iam; remove one of the two",
  ]);
});

test("readSettings() refuses what AWS leaves no room for, and options that lack their other half", () => {
  assert.deepEqual(
    problems({
      ...minimum,
      RESPONSE_STREAMING: "false",
      READ_TIMEOUT_SECONDS: "15",
      WRITE_TIMEOUT_SECONDS: "29",
      INTENT_AGE_SECONDS: "60",
      RETRY_HOURS_MAX: "96",
      PRIMARY_CA_FILE: "no/such/file.pem",
    }),
    [
      "PRIMARY_CA_FILE names no file on this machine",
      "READ_TIMEOUT_SECONDS must be a whole number from 1 to 14 (a read is tried on two clusters while API Gateway waits)",
      "WRITE_TIMEOUT_SECONDS must be a whole number from 1 to 28 (API Gateway waits 29 s)",
      "INTENT_AGE_SECONDS must be a whole number from 61 to 86400 (more than the write function's 60 s)",
      "RETRY_HOURS_MAX must be a whole number from 1 to 90 (a record must be parked before SQS drops it after 96 h)",
    ],
  );
  const certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab";
  const domain = { DOMAIN_NAME: "a.example.com", CERTIFICATE_ARN: certificate };
  assert.deepEqual(problems({ ...minimum, ...domain, API_VPC_ENDPOINT_IDS: "vpce-0123456789abcdef0" }), [
    "DOMAIN_NAME cannot name a private API; unset it or API_VPC_ENDPOINT_IDS",
  ]);
  assert.deepEqual(
    problems({ ...minimum, DOMAIN_NAME: "a.example.com", VPC_SUBNET_IDS: "subnet-0123456789abcdef0" }),
    ["VPC_SUBNET_IDS needs VPC_ID as well; set it", "DOMAIN_NAME needs CERTIFICATE_ARN as well; set it"],
  );
  assert.deepEqual(
    problems({
      ...minimum,
      VPC_ID: "vpc-0123456789abcdef0",
      VPC_SUBNET_IDS: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
      VPC_AVAILABILITY_ZONES: "a",
      VPC_ENDPOINTS: "true",
      REPLAY_POLLERS_MAX: "5",
      REPLAY_MAX_CONCURRENCY: "5",
    }),
    [
      "VPC_SUBNET_IDS and VPC_AVAILABILITY_ZONES must name as many subnets as zones, at least one",
      "VPC_ENDPOINTS needs VPC_ROUTE_TABLE_IDS as well (S3 is reached by a route); set it",
      "REPLAY_MAX_CONCURRENCY and REPLAY_POLLERS_MAX exclude each other (each poller runs up to 10 functions); unset one of the two",
    ],
  );
});

test("readSettings() tells a misspelt name from one that is not set, and from what is somebody else's", () => {
  const { BACKUP_ENDPOINT, ...primary } = minimum;
  assert.deepEqual(
    problems({ ...primary, BACKUP_ENDPOIN: BACKUP_ENDPOINT, RETRY_HOURS_MAKS: "3", DATA_DIRS: "x" }),
    [
      "BACKUP_ENDPOINT is missing; set it to the URLs of the cluster's nodes, comma-separated",
      "BACKUP_ENDPOIN is not a setting; BACKUP_ENDPOINT is",
      "RETRY_HOURS_MAKS is not a setting; RETRY_HOURS_MAX is",
    ],
  );
  assert.deepEqual(problems({ ...minimum, PRIMARY_ENDPOINTS: "x", BACKUP_FOLDER_NAME: "y" }), []);
});

test("readSettings() finds misspelt names in the context as well", () => {
  const contextNames = ["RETRY_HOURS_MAKS", "@aws-cdk/core:newStyleStackSynthesis"];
  assert.throws(
    () => readSettings({ environment: minimum, context: () => undefined, contextNames }),
    /1 problem.*\n {2}- RETRY_HOURS_MAKS is not a setting; RETRY_HOURS_MAX is$/,
  );
});
