import assert from "node:assert/strict";
import { test } from "node:test";
import { synthesise } from "./synthesised.ts";
import { functionNames, only, render, resources, rightsOf } from "./template-reading.ts";

const network = {
  VPC_ID: "vpc-0123456789abcdef0",
  VPC_AVAILABILITY_ZONES: "eu-west-1a,eu-west-1b",
  VPC_SUBNET_IDS: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
};

test("GatewayStack with VPC_ID runs its functions in the subnets, with a security group that clusters can name", () => {
  const template = synthesise(network);
  for (const [id, { Properties }] of Object.entries(resources(template, "AWS::Lambda::Function"))) {
    assert.deepEqual(
      Properties.VpcConfig.SubnetIds,
      ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
      id,
    );
  }
  assert.ok(template.toJSON().Outputs.FunctionsSecurityGroupId);
  assert.ok(
    rightsOf(template, "WritePathWriteRole").some((right) => right.includes("ec2:CreateNetworkInterface")),
  );
  template.resourceCountIs("AWS::EC2::VPCEndpoint", 0);
});

test("GatewayStack with VPC_ENDPOINTS makes those that the functions need, open to the functions alone", () => {
  const template = synthesise({
    ...network,
    VPC_ENDPOINTS: "true",
    VPC_ROUTE_TABLE_IDS: "rtb-0123456789abcdef0",
  });
  const endpoints = Object.values(resources(template, "AWS::EC2::VPCEndpoint")).map(
    ({ Properties }) => `${Properties.VpcEndpointType} ${render(Properties.ServiceName)}`,
  );
  assert.deepEqual(endpoints.sort(), [
    "Gateway com.amazonaws.<AWS::Region>.s3",
    "Interface com.amazonaws.<AWS::Region>.secretsmanager",
    "Interface com.amazonaws.<AWS::Region>.sqs",
  ]);
  const { SecurityGroupIngress } = only(template, "AWS::EC2::SecurityGroup", "NetworkEndpoints").Properties;
  assert.equal(SecurityGroupIngress.length, 1);
  const [{ FromPort, ToPort, CidrIp, SourceSecurityGroupId }] = SecurityGroupIngress;
  assert.deepEqual([FromPort, ToPort, CidrIp], [443, 443, undefined]);
  assert.equal(render(SourceSecurityGroupId), "<NetworkFunctions>");
});

test("RestEndpoint takes a name of its own, a web ACL, and can be private", () => {
  const certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab";
  const acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/edge/0a-1b";
  const named = synthesise({
    DOMAIN_NAME: "search.example.com",
    CERTIFICATE_ARN: certificate,
    WEB_ACL_ARN: acl,
  });
  assert.equal(named.toJSON().Outputs.ApiUrl.Value, "https://search.example.com/");
  assert.ok(named.toJSON().Outputs.DomainTarget);
  const domain = only(named, "AWS::ApiGateway::DomainName").Properties;
  assert.deepEqual([domain.RegionalCertificateArn, domain.SecurityPolicy], [certificate, "TLS_1_2"]);
  assert.equal(only(named, "AWS::WAFv2::WebACLAssociation").Properties.WebACLArn, acl);
  const hidden = only(
    synthesise({ API_VPC_ENDPOINT_IDS: "vpce-0123456789abcdef0" }),
    "AWS::ApiGateway::RestApi",
  ).Properties;
  assert.deepEqual(hidden.EndpointConfiguration, {
    Types: ["PRIVATE"],
    VpcEndpointIds: ["vpce-0123456789abcdef0"],
  });
  assert.deepEqual(
    hidden.Policy.Statement.map((one: Record<string, unknown>) => [one.Effect, one.Condition]),
    [
      ["Allow", undefined],
      ["Deny", { StringNotEquals: { "aws:SourceVpce": ["vpce-0123456789abcdef0"] } }],
    ],
  );
});

test("GatewayStack with KMS_KEY_ARN encrypts what holds data with it, and each function may use it", () => {
  const key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab";
  const template = synthesise({ KMS_KEY_ARN: key });
  for (const { Properties } of Object.values(resources(template, "AWS::SQS::Queue"))) {
    assert.equal(Properties.KmsMasterKeyId, key);
  }
  for (const { Properties } of Object.values(resources(template, "AWS::SecretsManager::Secret"))) {
    assert.equal(Properties.KmsKeyId, key);
  }
  const bucket = only(template, "AWS::S3::Bucket").Properties.BucketEncryption;
  const [rule] = bucket.ServerSideEncryptionConfiguration;
  assert.equal(rule.ServerSideEncryptionByDefault.KMSMasterKeyID, key);
  const uses = (role: string) => rightsOf(template, role).some((right) => right.includes("kms:Decrypt"));
  for (const name of functionNames) assert.ok(uses(`${name}Role`), name);
});

test("ReplayPath takes provisioned pollers instead of a maximum concurrency", () => {
  const mapping = only(
    synthesise({ REPLAY_POLLERS_MIN: "3", REPLAY_POLLERS_MAX: "9" }),
    "AWS::Lambda::EventSourceMapping",
    "ReplayPath",
  ).Properties;
  assert.deepEqual(mapping.ProvisionedPollerConfig, { MinimumPollers: 3, MaximumPollers: 9 });
  assert.equal(mapping.ScalingConfig, undefined);
});

test("GatewayStack reserves concurrency and keeps logs as it is told", () => {
  const template = synthesise({ WRITE_RESERVED_CONCURRENCY: "50", LOG_RETENTION_DAYS: "365" });
  const of = (name: string) =>
    only(template, "AWS::Lambda::Function", name).Properties.ReservedConcurrentExecutions;
  assert.equal(of("WritePathWrite"), 50);
  assert.equal(of("SearchPathSearch"), undefined);
  template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 365 });
});
