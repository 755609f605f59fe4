import { createHealth } from "../../functions/core/cluster/health.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import { openGuard } from "../../functions/search/backup-guard.ts";
import { createPrimaryForm } from "../../functions/search/primary-form.ts";
import { searchWithFailover } from "../../functions/search/search-with-failover.ts";
import { type Answering, fakeCluster } from "./fake-cluster.ts";
import { fakeHandles } from "./fake-handles.ts";
import { fakeRequest } from "./fake-request.ts";
import { fakeTelemetry } from "./fake-telemetry.ts";

/** BACKUP's answer, unless a test has another. */
export const fine = () => ({ headers: { "content-type": "application/json" }, body: "from BACKUP" });

/** The read use-case on two fake clusters and a clock of its own. */
export function reading(
  primaryAnswers: Answering,
  backupAnswers: Answering = fine,
  streams?: Cluster["stream"],
) {
  const primary = fakeCluster("primary", primaryAnswers);
  const backup = fakeCluster("backup", backupAnswers);
  let nowMs = 0;
  const services = {
    primary: streams ? { ...primary, stream: streams } : primary,
    backup,
    primaryHealth: createHealth({ downForMs: 2000, now: () => nowMs }),
    primaryForm: createPrimaryForm(),
    backupGuard: openGuard,
    handles: () => Promise.resolve(fakeHandles),
    telemetry: fakeTelemetry(),
    readTimeoutMs: 5000,
    waitMaxMs: Number.POSITIVE_INFINITY,
    bodyBytesMax: 1_000_000,
  };
  const search = () => fakeRequest("POST /books/_search?size=1", '{"query":{}}');
  const read = (request = search()) => searchWithFailover(request, services);
  const after = (ms: number) => {
    nowMs += ms;
  };
  return { primary, backup, services, read, after };
}
