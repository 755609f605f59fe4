import { Duration, Stack } from "aws-cdk-lib";
import type { RestApi } from "aws-cdk-lib/aws-apigateway";
import { Dashboard, GraphWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { GatewaySettings } from "../settings.ts";
import { countedMetric } from "./alarms.ts";
import type { RecordQueue } from "./record-queue.ts";

export interface OperationsDashboardProps {
  readonly dashboardName: string;
  readonly settings: GatewaySettings;
  readonly api: RestApi;
  readonly records: RecordQueue;
  readonly functions: Readonly<Record<string, IFunction>>;
}

/** How far BACKUP is behind, what is parked, and how the requests go, on one page. */
export class OperationsDashboard extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: OperationsDashboardProps) {
    super(scope, id);
    const { api, records } = props;
    const { queue, deadLetterQueue } = records;
    const handlers = Object.values(props.functions);
    const dashboard = new Dashboard(this, "Dashboard", {
      dashboardName: props.dashboardName,
      defaultInterval: Duration.hours(3),
    });
    const graph = (title: string, left: GraphWidget["leftMetrics"] = [], right = left.slice(0, 0)) =>
      new GraphWidget({ title, width: 12, left: [...left], right: [...right] });
    dashboard.addWidgets(
      graph(
        "Records to apply, and the oldest one's age in seconds",
        [
          queue.metricApproximateNumberOfMessagesVisible(),
          queue.metricApproximateNumberOfMessagesNotVisible(),
        ],
        [queue.metricApproximateAgeOfOldestMessage()],
      ),
      graph("Dead letters", [deadLetterQueue.metricApproximateNumberOfMessagesVisible()]),
    );
    const counted = (...names: string[]) => names.map((name) => countedMetric(props.settings, name));
    const lag = countedMetric(props.settings, "replicationLagMs").with({ statistic: "Maximum" });
    dashboard.addWidgets(
      graph("From the queue to BACKUP, the slowest record in milliseconds", [lag]),
      graph(
        "Records applied, superseded, retried, parked",
        counted("recordsApplied", "recordsSuperseded", "recordsRetried", "recordsParked"),
      ),
    );
    dashboard.addWidgets(
      graph("Errors of PRIMARY and BACKUP, fallbacks", counted("primaryErrors", "backupErrors", "fallbacks")),
      graph("Intents that were left over, requests that failed", counted("intentsSwept", "requestsFailed")),
    );
    dashboard.addWidgets(
      graph("Requests and refusals", [api.metricCount(), api.metricClientError(), api.metricServerError()]),
      graph("Latency of requests in milliseconds", [
        api.metricLatency({ statistic: "p50" }),
        api.metricLatency({ statistic: "p99" }),
      ]),
    );
    dashboard.addWidgets(
      graph(
        "Functions' errors and throttles",
        handlers.map((handler) => handler.metricErrors()),
        handlers.map((handler) => handler.metricThrottles()),
      ),
      graph(
        "Functions' durations (p95) in milliseconds",
        handlers.map((handler) => handler.metricDuration({ statistic: "p95" })),
      ),
    );
    const { region } = Stack.of(this);
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${props.dashboardName}`;
  }
}
