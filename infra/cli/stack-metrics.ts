import type { CounterName } from "../../functions/core/runtime/telemetry.ts";
import { type AwsAccount, askAws, textsOf } from "./aws-query.ts";

/** What CloudWatch knows of a stack and its queues do not say. */
export interface StackMetrics {
  /** `undefined`: no data for some minutes, as of a queue that nobody uses. */
  readonly oldestSeconds: number | undefined;
  /** Sums of the last hour. */
  readonly counters: Readonly<Record<string, number>>;
}

const counters: readonly CounterName[] = [
  "recordsApplied",
  "recordsParked",
  "recordsRetried",
  "intentsSwept",
  "fallbacks",
  "primaryErrors",
  "backupErrors",
  "requestsFailed",
  "untranslated",
];
const hourMs = 3_600_000;
const recentMs = 600_000;

/**
 * Reads a stack's metrics. A queue's age is SQS's, and minutes old; SQS leaves out what was received three times.
 * @throws CannotTell when CloudWatch refuses.
 */
export async function readStackMetrics(
  account: AwsAccount,
  stack: string,
  queueUrl: string,
  nowMs: number,
): Promise<StackMetrics> {
  const queue = queueUrl.slice(queueUrl.lastIndexOf("/") + 1);
  const ages = pointsOf(account, nowMs - recentMs, nowMs, {
    Namespace: "AWS/SQS",
    MetricName: "ApproximateAgeOfOldestMessage",
    "Dimensions.member.1.Name": "QueueName",
    "Dimensions.member.1.Value": queue,
    "Statistics.member.1": "Maximum",
    Period: "60",
  });
  const counted = counters.map(async (name) => {
    const points = await pointsOf(account, nowMs - hourMs, nowMs, {
      Namespace: "understudy",
      MetricName: name,
      "Dimensions.member.1.Name": "service",
      "Dimensions.member.1.Value": stack,
      "Statistics.member.1": "Sum",
      Period: "300",
    });
    return [name, points.reduce((sum, { value }) => sum + value, 0)] as const;
  });
  const [recent, sums] = await Promise.all([ages, Promise.all(counted)]);
  const latest = [...recent].sort((a, b) => b.atMs - a.atMs)[0];
  return { oldestSeconds: latest?.value, counters: Object.fromEntries(sums) };
}

async function pointsOf(
  account: AwsAccount,
  fromMs: number,
  toMs: number,
  parameters: Readonly<Record<string, string>>,
) {
  const xml = await askAws(account, "monitoring", "GetMetricStatistics", {
    StartTime: new Date(fromMs).toISOString(),
    EndTime: new Date(toMs).toISOString(),
    ...parameters,
  });
  const statistic = parameters["Statistics.member.1"] ?? "";
  return textsOf(xml, "member").map((point) => ({
    atMs: Date.parse(textsOf(point, "Timestamp")[0] ?? ""),
    value: Number(textsOf(point, statistic)[0]),
  }));
}
