import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { GatewaySettings } from "../settings.ts";
import { METRICS_NAMESPACE } from "./function-environment.ts";
import type { RecordQueue } from "./record-queue.ts";

/** Each alarm's name after the stack's name and a hyphen; the runbook has one section per alarm, titled with it. */
export type AlarmName =
  | "dead-letters"
  | "oldest-record"
  | "records-waiting"
  | "write-errors"
  | "search-errors"
  | "replay-errors"
  | "reconcile-errors"
  | "redrive-errors"
  | "parked-waiting"
  | "requests-failed"
  | "primary-down"
  | "fallback-active"
  | "intents-swept"
  | "throttles"
  | "replay-at-its-limit";

/** A few slow minutes are normal; BACKUP this far behind is not a standby any more. */
const OLDEST_RECORD_SECONDS_MAX = 300;
const RECORDS_WAITING_MAX = 10_000;

/** A few errors are one slow node; so many in a minute, three minutes long, are an outage. */
const PRIMARY_ERRORS_PER_MINUTE_MAX = 5;

/** A counter of the functions (`functions/core/runtime/telemetry.ts`), by the minute. */
export function countedMetric(settings: GatewaySettings, metricName: string): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: settings.stackName },
    statistic: "Sum",
    period: Duration.minutes(1),
  });
}

export interface AlarmsProps {
  readonly settings: GatewaySettings;
  readonly records: RecordQueue;
  readonly functions: Readonly<Record<"write" | "search" | "replay" | "reconcile" | "redrive", IFunction>>;
}

/** What a person must hear about. Without ALARM_TOPIC_ARN the alarms only show in the console. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { settings, records, functions } = props;
    const topic =
      settings.alarmTopicArn === undefined
        ? undefined
        : Topic.fromTopicArn(this, "Topic", settings.alarmTopicArn);
    const raise = (name: AlarmName, description: string, metric: IMetric, above: number, minutes: number) => {
      const alarm = new Alarm(this, name, {
        alarmName: `${settings.stackName}-${name}`,
        alarmDescription: `${description} Runbook: ${settings.stackName}-${name}.`,
        metric,
        threshold: above,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: minutes,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      if (topic !== undefined) alarm.addAlarmAction(new SnsAction(topic));
    };
    const counted = (metricName: string) => countedMetric(settings, metricName);
    const minute = { period: Duration.minutes(1) };
    const { queue, deadLetterQueue } = records;

    raise(
      "dead-letters",
      "Records are parked: BACKUP lacks them until they are redriven.",
      deadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...minute, statistic: "Maximum" }),
      0,
      1,
    );
    raise(
      "oldest-record",
      `BACKUP is more than ${OLDEST_RECORD_SECONDS_MAX} s behind PRIMARY.`,
      queue.metricApproximateAgeOfOldestMessage({ ...minute, statistic: "Maximum" }),
      OLDEST_RECORD_SECONDS_MAX,
      5,
    );
    // SQS leaves messages out of the age once they were received three times, as all are while BACKUP is down.
    raise(
      "records-waiting",
      `More than ${RECORDS_WAITING_MAX} records wait or are being retried.`,
      new MathExpression({
        ...minute,
        expression: "visible + hidden",
        label: "records",
        usingMetrics: {
          visible: queue.metricApproximateNumberOfMessagesVisible({ ...minute, statistic: "Maximum" }),
          hidden: queue.metricApproximateNumberOfMessagesNotVisible({ ...minute, statistic: "Maximum" }),
        },
      }),
      RECORDS_WAITING_MAX,
      15,
    );
    const errors = (handler: IFunction) => handler.metricErrors({ ...minute, statistic: "Sum" });
    raise("write-errors", "Write requests failed inside the gateway.", errors(functions.write), 0, 1);
    raise("search-errors", "Searches failed inside the gateway.", errors(functions.search), 0, 1);
    raise("replay-errors", "Whole batches of records fail and are repeated.", errors(functions.replay), 0, 3);
    raise("redrive-errors", "Parked records are not sorted.", errors(functions.redrive), 0, 3);
    raise(
      "parked-waiting",
      "Parked records do not become dead letters: SQS drops them after their retention.",
      records.parkingQueue.metricApproximateAgeOfOldestMessage({ ...minute, statistic: "Maximum" }),
      OLDEST_RECORD_SECONDS_MAX,
      1,
    );
    raise(
      "reconcile-errors",
      "Unfinished writes are not being reconciled.",
      errors(functions.reconcile),
      0,
      3,
    );
    // Lambda counts an invocation that answered 500 as a success.
    raise(
      "requests-failed",
      "Requests were answered 500 by the gateway itself.",
      counted("requestsFailed"),
      0,
      1,
    );
    raise(
      "primary-down",
      "PRIMARY does not answer.",
      counted("primaryErrors"),
      PRIMARY_ERRORS_PER_MINUTE_MAX,
      3,
    );
    raise("fallback-active", "Reads are answered by BACKUP.", counted("fallbacks"), 0, 3);
    raise(
      "intents-swept",
      "Writes ended without their record; they are reconciled.",
      counted("intentsSwept"),
      0,
      1,
    );
    const throttles = Object.entries(functions).map(([name, handler]) => [
      name,
      handler.metricThrottles({ ...minute, statistic: "Sum" }),
    ]);
    raise(
      "throttles",
      "Lambda refuses to run functions: the account's or a reserved concurrency is used up.",
      new MathExpression({
        ...minute,
        expression: Object.keys(functions).join(" + "),
        label: "throttles",
        usingMetrics: Object.fromEntries(throttles),
      }),
      0,
      3,
    );
    if (settings.pollers !== undefined) return;
    raise(
      "replay-at-its-limit",
      "All replay functions have been busy for long: BACKUP is the bottleneck, or REPLAY_MAX_CONCURRENCY is.",
      functions.replay.metric("ConcurrentExecutions", { ...minute, statistic: "Maximum" }),
      settings.replayConcurrencyMax - 1,
      15,
    );
  }
}
