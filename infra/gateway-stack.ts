import { CfnOutput, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { acknowledgeRules } from "./acknowledged-rules.ts";
import { Alarms } from "./constructs/alarms.ts";
import { ClientSecret } from "./constructs/client-secret.ts";
import { ClusterAccess } from "./constructs/cluster-access.ts";
import { assertDurations, DURATIONS, type Durations } from "./constructs/durations.ts";
import { functionEnvironment } from "./constructs/function-environment.ts";
import { HandleKey } from "./constructs/handle-key.ts";
import { Network } from "./constructs/network.ts";
import { OperationsDashboard } from "./constructs/operations-dashboard.ts";
import { PayloadBucket } from "./constructs/payload-bucket.ts";
import { ReconcileSweep } from "./constructs/reconcile-sweep.ts";
import { RecordQueue } from "./constructs/record-queue.ts";
import { RedrivePath } from "./constructs/redrive-path.ts";
import { ReplayPath } from "./constructs/replay-path.ts";
import { RestEndpoint } from "./constructs/rest-endpoint.ts";
import { SearchPath } from "./constructs/search-path.ts";
import { WritePath } from "./constructs/write-path.ts";
import type { GatewaySettings } from "./settings.ts";

/** The absolute path of each function's file; each exports `handler`. */
export interface Entries {
  readonly write: string;
  readonly search: string;
  readonly replay: string;
  readonly reconcile: string;
  readonly redrive: string;
}

export interface GatewayStackProps extends StackProps {
  readonly settings: GatewaySettings;
  readonly entries: Entries;
  /** @default DURATIONS */
  readonly durations?: Durations;
}

/**
 * Read from the top, this is the architecture. Clients speak to one endpoint; a write goes to PRIMARY and leaves a
 * record in the queue, its body in the bucket where it is large; the replay function makes BACKUP equal; the sweep
 * finishes what a write left behind.
 */
export class GatewayStack extends Stack {
  constructor(scope: Construct, id: string, props: GatewayStackProps) {
    super(scope, id, props);
    const { settings, entries, durations = DURATIONS } = props;
    assertDurations(durations);
    acknowledgeRules(this, settings);
    const protection = {
      removalPolicy: settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      key: settings.kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, "Key", settings.kmsKeyArn),
    };

    const primary = new ClusterAccess(this, "Primary", { side: "PRIMARY", cluster: settings.primary });
    const backup = new ClusterAccess(this, "Backup", { side: "BACKUP", cluster: settings.backup });
    const clientSecret =
      settings.authMode === "basic"
        ? new ClientSecret(this, "Client", { secretArn: settings.clientSecretArn, protection })
        : undefined;
    const handleKey = new HandleKey(this, "Handles", protection);

    const payloads = new PayloadBucket(this, "Payloads", { durations, protection });
    const records = new RecordQueue(this, "Replication", {
      stackName: settings.stackName,
      durations,
      protection,
    });

    const host = {
      settings,
      environment: functionEnvironment(settings, records, payloads, clientSecret),
      network: settings.network && new Network(this, "Network", settings.network),
    };
    const write = new WritePath(this, "WritePath", {
      entry: entries.write,
      host,
      primary,
      records,
      payloads,
      clientSecret,
      handleKey,
    });
    const search = new SearchPath(this, "SearchPath", {
      entry: entries.search,
      host,
      primary,
      backup,
      clientSecret,
      handleKey,
    });
    const replay = new ReplayPath(this, "ReplayPath", {
      entry: entries.replay,
      host,
      durations,
      primary,
      backup,
      records,
      payloads,
    });
    // An update reaches replay first: it reads what an older write function sends, and not the other way round.
    write.handler.node.addDependency(replay.handler);
    const sweep = new ReconcileSweep(this, "ReconcileSweep", {
      entry: entries.reconcile,
      host,
      records,
      payloads,
      primary,
    });

    const redrive = new RedrivePath(this, "RedrivePath", { entry: entries.redrive, host, records });

    const { api, url } = new RestEndpoint(this, "Endpoint", {
      settings,
      write: write.handler,
      search: search.handler,
    });

    const functions = {
      write: write.handler,
      search: search.handler,
      replay: replay.handler,
      reconcile: sweep.handler,
      redrive: redrive.handler,
    };
    new Alarms(this, "Alarms", { settings, records, functions });
    const dashboard = new OperationsDashboard(this, "Operations", {
      dashboardName: settings.stackName,
      settings,
      api,
      records,
      functions,
    });

    new CfnOutput(this, "ApiUrl", { value: url });
    if (api.domainName) {
      new CfnOutput(this, "DomainTarget", { value: api.domainName.domainNameAliasDomainName });
    }
    if (clientSecret) new CfnOutput(this, "ClientSecretName", { value: clientSecret.secret.secretName });
    new CfnOutput(this, "QueueUrl", { value: records.queue.queueUrl });
    new CfnOutput(this, "ParkingQueueUrl", { value: records.parkingQueue.queueUrl });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: records.deadLetterQueue.queueUrl });
    new CfnOutput(this, "PayloadBucketName", { value: payloads.bucket.bucketName });
    new CfnOutput(this, "PrimaryEndpoint", { value: settings.primary.endpoint });
    new CfnOutput(this, "BackupEndpoint", { value: settings.backup.endpoint });
    new CfnOutput(this, "DashboardUrl", { value: dashboard.url });
    if (settings.retainData) {
      const kept = "cdk destroy keeps the queues, the bucket and the generated secrets (RETAIN_DATA=true)";
      new CfnOutput(this, "KeptByDestroy", { value: kept });
    }
  }
}
