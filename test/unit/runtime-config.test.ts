import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, type Environment, readConfig } from "../../functions/core/runtime/config.ts";

const least: Environment = {
  PRIMARY_ENDPOINT: "http://127.0.0.1:9201",
  BACKUP_ENDPOINT: "https://backup.example:9200/prefix, https://other.example",
  QUEUE_URL: "http://queue",
  DEAD_LETTER_QUEUE_URL: "http://dead",
  PAYLOAD_BUCKET: "bucket",
  CLIENT_USERNAME: "app",
  CLIENT_PASSWORD: "the client's secret",
};

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("readConfig() has a default for everything but clusters, queues, bucket and client", () => {
  const config = readConfig(least);
  const { primary, backup, ...rest } = config;
  assert.deepEqual(backup.endpoints.map(String), [
    "https://backup.example:9200/prefix",
    "https://other.example/",
  ]);
  assert.deepEqual(
    { ...primary, endpoints: [] },
    {
      endpoints: [],
      auth: undefined,
      maxQpsPerNode: 10_000,
      maxBytesPerNode: 104_857_600,
      maxConnectionPerNode: 200,
      discovery: "off",
      caFile: undefined,
      verifyTls: true,
    },
  );
  assert.deepEqual(rest, {
    enforceBulkRequestsOnly: false,
    intents: "before",
    operatorEpoch: 0,
    authMode: "basic",
    client: { kind: "login", login: { username: "app", password: "the client's secret" } },
    handleKey: undefined,
    aws: {
      credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: undefined },
      secretsManagerEndpoint: undefined,
    },
    queueUrl: "http://queue",
    deadLetterQueueUrl: "http://dead",
    payloadBucket: "bucket",
    payloadPrefix: "payloads/",
    intentPrefix: "intents/",
    recordEncoding: "brotli",
    inlineRecordBytesMax: 458_752,
    bodyBytesMax: 104_857_600,
    readTimeoutMs: 12_000,
    writeTimeoutMs: 25_000,
    limitWaitMs: 1000,
    retryPauseMaxSeconds: 300,
    retryHoursMax: 72,
    intentAgeMs: 120_000,
  });
});

test("readConfig() takes an empty value for one that is not set", () => {
  const config = readConfig({ ...least, INTENTS: "", PRIMARY_USERNAME: "", OPERATOR_EPOCH: "" });
  assert.equal(config.intents, "before");
  assert.equal(config.primary.auth, undefined);
});

test("readConfig() reads what is set", () => {
  const config = readConfig({
    ...least,
    PRIMARY_USERNAME: "u",
    PRIMARY_PASSWORD: "p",
    PRIMARY_DISCOVERY_ENABLED: "TRUE",
    BACKUP_DISCOVERY_REFRESH_ENABLED: "true",
    BACKUP_TLS_VERIFY: "false",
    BACKUP_MAX_QPS_PER_NODE: "5",
    INTENTS: "parallel",
    OPERATOR_EPOCH: "255",
    WRITE_TIMEOUT_SECONDS: "900",
    INTENT_AGE_SECONDS: "901",
    ENFORCE_BULK_REQUESTS_ONLY: "true",
  });
  assert.deepEqual(config.primary.auth, { kind: "login", login: { username: "u", password: "p" } });
  assert.equal(config.primary.discovery, "once");
  assert.equal(config.backup.discovery, "refreshed");
  assert.equal(config.backup.verifyTls, false);
  assert.equal(config.backup.maxQpsPerNode, 5);
  assert.equal(config.intents, "parallel");
  assert.equal(config.operatorEpoch, 255);
  assert.equal(config.writeTimeoutMs, 900_000);
  assert.equal(config.enforceBulkRequestsOnly, true);
});

test("readConfig() refuses an age at which the sweep would take the intent of a write that still runs", () => {
  assert.throws(
    () => readConfig({ ...least, WRITE_TIMEOUT_SECONDS: "60", INTENT_AGE_SECONDS: "60" }),
    /INTENT_AGE_SECONDS must be more than WRITE_TIMEOUT_SECONDS/,
  );
});

const wrong: Readonly<Record<string, readonly string[]>> = {
  PRIMARY_ENDPOINT: ["", "host:9200", "ftp://host", "http://a,,http://b", "http://a?x=1"],
  PRIMARY_MAX_QPS_PER_NODE: ["0", "-1", "1.5", "many", "1e3"],
  OPERATOR_EPOCH: ["256", "-1"],
  INTENTS: ["never", "BEFORE"],
  AUTH_MODE: ["open"],
  BACKUP_TLS_VERIFY: ["no", "1"],
  RECORD_ENCODING: ["zstd"],
  INLINE_RECORD_BYTES_MAX: ["10", "1000001"],
  QUEUE_URL: [""],
  RETRY_HOURS_MAX: ["0", "301"],
  BACKUP_SECRET_ARN: ["backup", "arn:aws:s3:::bucket"],
  PRIMARY_SIGV4_SERVICE: ["ec2"],
  HANDLE_KEY: ["short"],
  AWS_ENDPOINT_URL: ["somewhere"],
};

for (const [name, values] of Object.entries(wrong)) {
  test(`readConfig() names ${name} when it is wrong`, () => {
    for (const value of values) {
      const problems = problemsOf({ ...least, [name]: value });
      assert.equal(problems.length, 1, `${name}=${value}: ${problems.join("; ")}`);
      assert.ok(problems[0]?.startsWith(name), problems[0]);
    }
  });
}

test("readConfig() lists every problem at once", () => {
  const problems = problemsOf({
    PRIMARY_ENDPOINT: "nonsense",
    PRIMARY_USERNAME: "only the user",
    BACKUP_MAX_QPS_PER_NODE: "x",
    INTENTS: "sometimes",
    AUTH_MODE: "basic",
  });
  const expected = [
    "PRIMARY_ENDPOINT",
    "PRIMARY_USERNAME and PRIMARY_PASSWORD",
    "BACKUP_ENDPOINT",
    "BACKUP_MAX_QPS_PER_NODE",
    "INTENTS",
    "QUEUE_URL",
    "DEAD_LETTER_QUEUE_URL",
    "PAYLOAD_BUCKET",
    "AUTH_MODE",
  ];
  for (const name of expected) {
    assert.ok(
      problems.some((problem) => problem.startsWith(name)),
      `${name} in ${problems.join("; ")}`,
    );
  }
  assert.equal(problems.length, expected.length);
});

test("readConfig() shows no password, whatever is wrong around it", () => {
  const secret = "hunter2-hunter2";
  const passwords = { PRIMARY_PASSWORD: secret, BACKUP_PASSWORD: secret, CLIENT_PASSWORD: secret };
  const environment = { ...least, ...passwords, CLIENT_USERNAME: "", INTENTS: "x", BACKUP_ENDPOINT: "y" };
  const shown = problemsOf(environment).join("\n");
  assert.ok(shown.includes("PRIMARY_PASSWORD"));
  assert.equal(shown.includes(secret), false);
});

test("readConfig() shows no password that stands in a URL, and still which URL is wrong", () => {
  for (const value of [
    "http://elastic:hunter2@one.example:9200/?x=1",
    "http://one.example:9200/?x=1, https://elastic:hunter2@two.example",
    "ftp://elastic:hunter2@one.example",
    "http://hunter2@one.example,",
  ]) {
    for (const name of ["PRIMARY_ENDPOINT", "BACKUP_ENDPOINT"]) {
      const problems = problemsOf({ ...least, [name]: value });
      assert.equal(problems.length, 1);
      assert.equal(problems[0]?.includes("hunter2"), false, problems[0]);
      assert.ok(problems[0]?.includes("one.example"), problems[0]);
    }
  }
});

test("readConfig() in the modes `none` and `passthrough` needs no credentials of its own", () => {
  for (const AUTH_MODE of ["none", "passthrough"]) {
    const config = readConfig({ ...least, AUTH_MODE, CLIENT_USERNAME: "", CLIENT_PASSWORD: "" });
    assert.equal(config.authMode, AUTH_MODE);
    assert.equal(config.client, undefined);
  }
});

const arn = (name: string) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`;

test("readConfig() reads where secrets are kept, and SigV4 with the region of the cluster or of the function", () => {
  const config = readConfig({
    ...least,
    CLIENT_USERNAME: "",
    CLIENT_PASSWORD: "",
    CLIENT_SECRET_ARN: arn("client"),
    HANDLE_KEY_SECRET_ARN: arn("handles"),
    PRIMARY_SECRET_ARN: arn("primary"),
    BACKUP_SIGV4_SERVICE: "aoss",
    AWS_REGION: "eu-west-1",
    AWS_SESSION_TOKEN: "token",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  });
  assert.deepEqual(config.client, { kind: "secret", arn: arn("client") });
  assert.deepEqual(config.handleKey, { kind: "secret", arn: arn("handles") });
  assert.deepEqual(config.primary.auth, { kind: "secret", arn: arn("primary") });
  assert.deepEqual(config.backup.auth, { kind: "sigv4", service: "aoss", region: "eu-west-1" });
  assert.equal(config.aws.credentials.sessionToken, "token");
  assert.equal(config.aws.secretsManagerEndpoint?.href, "http://127.0.0.1:1/");
  const elsewhere = {
    ...least,
    BACKUP_SIGV4_SERVICE: "es",
    BACKUP_SIGV4_REGION: "us-east-2",
    AWS_REGION: "x",
  };
  assert.deepEqual(readConfig(elsewhere).backup.auth, { kind: "sigv4", service: "es", region: "us-east-2" });
});

test("readConfig() refuses two ways to sign in to one cluster, and SigV4 without a region", () => {
  assert.deepEqual(problemsOf({ ...least, PRIMARY_SECRET_ARN: arn("p"), PRIMARY_SIGV4_SERVICE: "es" }), [
    "PRIMARY_USERNAME, PRIMARY_SECRET_ARN and PRIMARY_SIGV4_SERVICE exclude each other",
    "PRIMARY_SIGV4_REGION is not set: name the region that PRIMARY is in",
  ]);
});
