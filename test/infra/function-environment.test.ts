import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../../functions/core/runtime/config.ts";
import { synthesise } from "./synthesised.ts";
import { functionNames, only, render } from "./template-reading.ts";

const secret = (name: string) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`;
const everything = {
  PRIMARY_SECRET_ARN: secret("primary"),
  BACKUP_SIGV4_SERVICE: "es",
  BACKUP_SIGV4_RESOURCE_ARN: "arn:aws:es:us-east-2:123456789012:domain/books",
  PRIMARY_CA_FILE: "package.json",
  BACKUP_CA_FILE: "package.json",
  BACKUP_TLS_VERIFY: "false",
  BACKUP_MAX_QPS_PER_NODE: "7",
  ENFORCE_BULK_REQUESTS_ONLY: "true",
  RETRY_PAUSE_MAX_SECONDS: "60",
  OPERATOR_EPOCH: "3",
  BODY_BYTES_MAX: "4096",
  LIMIT_WAIT_MS: "7",
  READ_TIMEOUT_SECONDS: "9",
  WRITE_TIMEOUT_SECONDS: "20",
  INTENT_AGE_SECONDS: "90",
  RETRY_HOURS_MAX: "12",
};

function environmentOf(template: ReturnType<typeof synthesise>, name: string): Record<string, string> {
  const { Variables } = only(template, "AWS::Lambda::Function", name).Properties.Environment;
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, render(value)]));
}

/** What a function gets, with what Lambda and CloudFormation put in at the end. */
function atRunTime(environment: Record<string, string>): Record<string, string> {
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    name.endsWith("_SECRET_ARN") && value.startsWith("<") ? secret("generated") : value,
  ]);
  return { ...Object.fromEntries(filled), AWS_REGION: "eu-west-1" };
}

/** Read by the functions, and deliberately not passed: for the local host only, or AWS's own. */
const localOnly = /^((PRIMARY|BACKUP|CLIENT)_(USERNAME|PASSWORD)|HANDLE_KEY|AWS_\w+)$/;

test("functionEnvironment() passes every setting that the functions read, unless it is for the local host only", () => {
  const template = synthesise(everything);
  const passed = new Set(functionNames.flatMap((name) => Object.keys(environmentOf(template, name))));
  const read = new Set<string>(["RESPONSE_STREAMING"]);
  const environment = atRunTime(environmentOf(template, "WritePathWrite"));
  const watched = new Proxy(environment, {
    get(target, name) {
      if (typeof name === "string") read.add(name);
      return Reflect.get(target, name);
    },
  });
  readConfig(watched);
  // The runtime reads the rest by itself.
  const ours = [...passed].filter((name) => !/^(NODE_OPTIONS|POWERTOOLS_\w+)$/.test(name));
  const alternatives = ["PRIMARY_SIGV4_SERVICE", "PRIMARY_SIGV4_REGION", "BACKUP_SECRET_ARN"];
  const wanted = [...read].filter((name) => !localOnly.test(name) && !alternatives.includes(name));
  assert.deepEqual(ours.sort(), wanted.sort());
});

for (const [what, settings] of Object.entries({
  "the least": {},
  everything,
  "AUTH_MODE iam": { AUTH_MODE: "iam" },
})) {
  test(`functionEnvironment() with ${what} is a configuration that every function accepts`, () => {
    const template = synthesise(settings);
    for (const name of functionNames) readConfig(atRunTime(environmentOf(template, name)));
  });
}

test("functionEnvironment() tells the functions what was set, and leaves the rest to their defaults", () => {
  const replay = readConfig(atRunTime(environmentOf(synthesise(everything), "ReplayPathReplay")));
  assert.deepEqual(replay.primary.auth, { kind: "secret", arn: everything.PRIMARY_SECRET_ARN });
  assert.deepEqual(replay.backup.auth, { kind: "sigv4", service: "es", region: "us-east-2" });
  assert.equal(replay.backup.caFile, "/var/task/backup-ca.pem");
  assert.equal(replay.backup.verifyTls, false);
  assert.equal(replay.backup.maxQpsPerNode, 7);
  assert.equal(replay.enforceBulkRequestsOnly, true);
  assert.equal(replay.operatorEpoch, 3);
  assert.equal(replay.readTimeoutMs, 9000);
  assert.equal(replay.retryHoursMax, 12);
  const least = environmentOf(synthesise(), "WritePathWrite");
  assert.equal(least.OPERATOR_EPOCH, undefined);
  assert.equal(least.CLIENT_SECRET_ARN, "<ClientSecret>");
  const bytes = Buffer.byteLength(JSON.stringify(environmentOf(synthesise(everything), "SearchPathSearch")));
  assert.ok(bytes < 3_500, `${bytes} bytes of Lambda's 4 KB`);
});
