const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Elasticsearch's own (`timeout` of "Cluster health" and of "Task management"). */
const defaultMs = 30_000;
const marginMs = 2_000;
/** Nobody waits longer: `-1` means for ever. */
export const longestWaitMs = 120_000;

/** How long PRIMARY may take before it answers a request that asks it to wait for something; 0 for any other. */
export function waitMs(query: string): number {
  const parameters = new URLSearchParams(query);
  if (![...parameters.keys()].some((name) => name.startsWith("wait_for_"))) return 0;
  const said = parameters.get("timeout") ?? parameters.get("wait_for_timeout") ?? "";
  const [, count = "", unit = ""] = /^(-?\d{1,9})(ms|s|m|h|d)?$/i.exec(said) ?? [];
  const askedMs = count === "" ? defaultMs : Number(count) * (unitMs[unit.toLowerCase()] ?? 1);
  return (askedMs < 0 ? longestWaitMs : Math.min(askedMs, longestWaitMs)) + marginMs;
}
