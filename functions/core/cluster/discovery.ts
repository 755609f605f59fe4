import type { ClusterSettings } from "./settings.ts";

/** The longest pause before a cluster that could not be asked is asked again. */
const retryMsMax = 10_000;

/**
 * When a cluster is asked for its nodes: at the first call of what this returns, then by the setting, and sooner
 * again where `sniff` found nothing. To be called with every request, because timers stand still in a frozen
 * function; it costs nothing while nothing is due.
 */
export function createDiscovery(
  sniff: (done: (found: boolean) => void) => void,
  { discovery, discoveryIntervalMs = 60_000 }: Pick<ClusterSettings, "discovery" | "discoveryIntervalMs">,
): () => void {
  let dueAt = discovery === "off" ? Number.POSITIVE_INFINITY : 0;
  return () => {
    if (Date.now() < dueAt) return;
    dueAt = Number.POSITIVE_INFINITY;
    sniff((found) => {
      if (!found) dueAt = Date.now() + Math.min(discoveryIntervalMs, retryMsMax);
      else if (discovery === "refreshed") dueAt = Date.now() + discoveryIntervalMs;
    });
  };
}
