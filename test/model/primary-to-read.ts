import type { Cluster } from "../../functions/core/cluster/port.ts";
import { type ClusterPurpose, OTHER_METHODS } from "../../infra/constructs/cluster-paths.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Universe } from "./universe.ts";

/** PRIMARY for who only reads there: a request that a SigV4 role would be refused is a violation. */
export function primaryToRead(
  universe: Universe,
  process: SimulatedProcess,
  purpose: Exclude<ClusterPurpose, "write">,
): Cluster {
  const port = universe.primary.portFor(process);
  return {
    ...port,
    send(request) {
      if (!mayAsk(purpose, request.method, request.path))
        universe.violation(`${process.name} may not ask PRIMARY ${request.method} ${request.path}`);
      return port.send(request);
    },
  };
}

/** Whether the policy of a function lets it send that. */
export function mayAsk(purpose: Exclude<ClusterPurpose, "write">, method: string, path: string): boolean {
  if (method === "GET" || method === "HEAD") return true;
  if (method !== "POST" && method !== "DELETE") return false;
  const asPattern = (allowed: string) =>
    new RegExp(`^${allowed.replace(/[.\\+?^$(){}|[\]]/g, "\\$&").replaceAll("*", ".*")}$`);
  return OTHER_METHODS[purpose][method].some((allowed) => asPattern(allowed).test(path));
}
