import { type Stack, Validations } from "aws-cdk-lib";
import { OTHER_METHODS } from "./constructs/cluster-paths.ts";
import { INTENT_PREFIX, PAYLOAD_PREFIX } from "./constructs/payload-bucket.ts";
import type { GatewaySettings } from "./settings.ts";

const bucket = "AwsSolutions-IAM5[Resource::<PayloadBucket.Arn>";
const logsPolicy = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";

/** The rules of cdk-nag's AwsSolutions pack that this stack breaks on purpose, each with its reason. */
const BROKEN_RULES: Readonly<Record<string, string>> = {
  "AwsSolutions-APIG2":
    "Requests are a cluster's: bulk lines, searches, gzip. The functions check them; API Gateway's models know JSON only.",
  "AwsSolutions-COG4":
    "Clients of a search cluster send HTTP basic or API keys, or sign with SigV4; none speaks Cognito's tokens.",
  "AwsSolutions-SMG4":
    "A rotation that changes the clients' password must change it at the clients too, which only its owner can. The functions pick a rotated secret up by themselves.",
  "AwsSolutions-S1":
    "Payloads and intents live for seconds and are written by the stack's own functions; CloudTrail's data events show more than server access logs.",
  "AwsSolutions-L1":
    "The newest runtime that the tests run on, supported by AWS until 2027-04-30. The rule wants the newest that exists.",
  [`AwsSolutions-IAM4[Policy::${logsPolicy}]`]:
    "The account's role for API Gateway's access logs; API Gateway documents this policy for it.",
  "AwsSolutions-IAM5[Resource::*]":
    "X-Ray's segments and, in a VPC, EC2's network interfaces have no resource that a policy could name.",
  [`${bucket}/${PAYLOAD_PREFIX}*]`]: "Keys of payloads are random; the function may touch this prefix only.",
  [`${bucket}/${INTENT_PREFIX}*]`]: "Keys of intents are random; the function may touch this prefix only.",
  [`${bucket}/${INTENT_PREFIX}clock*]`]: "The one object by which the sweep reads the bucket's clock.",
};

/** Tells the rule pack what is broken on purpose. Nothing else may be: a test runs the pack over the stack. */
export function acknowledgeRules(stack: Stack, settings: GatewaySettings): void {
  const acknowledge = (id: string, reason: string) =>
    Validations.of(stack).acknowledge({ id: `AwsSolutions::${id}`, reason });
  for (const [id, reason] of Object.entries(BROKEN_RULES)) acknowledge(id, reason);
  if (settings.authMode !== "iam") {
    acknowledge(
      "AwsSolutions-APIG4",
      "The functions authenticate every caller (AUTH_MODE); a stranger gets 401.",
    );
  }
  if (settings.webAclArn === undefined) {
    acknowledge(
      "AwsSolutions-APIG3",
      "A web ACL is the owner's choice (WEB_ACL_ARN); throttles guard the API without one.",
    );
  }
  for (const { access } of [settings.primary, settings.backup]) {
    if (access.kind !== "sigv4") continue;
    const reason = "A domain's rights are given by path; any index may be asked for.";
    acknowledge(`AwsSolutions-IAM5[Resource::${access.resourceArn}/*]`, reason);
    const paths = Object.values(OTHER_METHODS).flatMap(({ POST, DELETE }) => [...POST, ...DELETE]);
    for (const path of new Set(paths.filter((each) => each.includes("*")))) {
      const asked = "Any index may be asked for, and handles are given back by an id that the cluster made.";
      acknowledge(`AwsSolutions-IAM5[Resource::${access.resourceArn}${path}]`, asked);
    }
  }
}
