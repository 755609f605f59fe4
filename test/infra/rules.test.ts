import { test } from "node:test";
import { synthesise } from "./synthesised.ts";

const stacks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "the least": {},
  "IAM, a web ACL and SigV4": {
    AUTH_MODE: "iam",
    WEB_ACL_ARN:
      "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/edge/0a1b2c3d-0000-4000-8000-0123456789ab",
    PRIMARY_SIGV4_SERVICE: "es",
    PRIMARY_SIGV4_RESOURCE_ARN: "arn:aws:es:eu-west-1:123456789012:domain/books",
  },
  "a VPC, a key and a private API": {
    VPC_ID: "vpc-0123456789abcdef0",
    VPC_SUBNET_IDS: "subnet-0123456789abcdef0",
    VPC_AVAILABILITY_ZONES: "eu-west-1a",
    VPC_ROUTE_TABLE_IDS: "rtb-0123456789abcdef0",
    VPC_ENDPOINTS: "true",
    KMS_KEY_ARN: "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab",
    API_VPC_ENDPOINT_IDS: "vpce-0123456789abcdef0",
  },
};

for (const [what, settings] of Object.entries(stacks)) {
  test(`GatewayStack with ${what} breaks no rule of AwsSolutions that it does not acknowledge`, () => {
    synthesise(settings, { rules: true });
  });
}
