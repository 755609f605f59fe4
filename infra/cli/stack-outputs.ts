import * as v from "valibot";
import { type AwsAccount, askAws, textsOf } from "./aws-query.ts";
import { CannotTell } from "./cannot-tell.ts";

const outputsSchema = v.object({
  QueueUrl: v.string(),
  ParkingQueueUrl: v.string(),
  DeadLetterQueueUrl: v.string(),
  PayloadBucketName: v.string(),
  PrimaryEndpoint: v.string(),
  BackupEndpoint: v.string(),
  DashboardUrl: v.string(),
});

/** What a deployed stack says of itself (`infra/gateway-stack.ts`). */
export type StackOutputs = v.InferOutput<typeof outputsSchema>;

/**
 * The outputs of a deployed stack, by its name.
 * @throws CannotTell when there is no such stack, or it is not one of these.
 */
export async function readStackOutputs(stack: string, account: AwsAccount): Promise<StackOutputs> {
  const xml = await askAws(account, "cloudformation", "DescribeStacks", { StackName: stack }).catch(
    (error: unknown) => {
      if (!(error instanceof CannotTell)) throw error;
      throw new CannotTell(
        `the stack [${stack}] cannot be read in ${account.region}: ${error.message}\n` +
          "Check --stack (STACK_NAME when it was deployed), AWS_REGION and the credentials.",
      );
    },
  );
  const names = textsOf(xml, "OutputKey");
  const values = textsOf(xml, "OutputValue");
  const outputs = Object.fromEntries(names.map((name, i) => [name, values[i] ?? ""]));
  const parsed = v.safeParse(outputsSchema, outputs);
  if (parsed.success) return parsed.output;
  const missing = parsed.issues.map((issue) => v.getDotPath(issue));
  throw new CannotTell(
    `the stack [${stack}] has no output ${missing.join(", ")}: it is not understudy's, or was deployed by an earlier version\n` +
      "Deploy it again, or give --queue-url and --dead-letter-queue-url instead of --stack.",
  );
}
