/** What the counters count; the same words in the status, the metrics and the documents. */
export const counterNames = [
  "writesAccepted",
  "writesRefused",
  "operationsAccepted",
  "operationsRejected",
  "recordsSent",
  "recordsApplied",
  "recordsSuperseded",
  "recordsParked",
  "recordsRetried",
  "operationsApplied",
  "operationsSuperseded",
  "operationsParked",
  "tombstoneLookups",
  "horizonLookups",
  "tombstonesWritten",
  "lateDeletes",
  "reconciledDocuments",
  "untranslated",
  "enqueueFailures",
  "intentsSwept",
  "reads",
  "fallbacks",
  "primaryErrors",
  "backupErrors",
  "requestsFailed",
] as const;
export type CounterName = (typeof counterNames)[number];

/** Fields of one log line; never credentials, never documents. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Telemetry {
  count(name: CounterName, by?: number): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  counters(): Readonly<Record<string, number>>;
}

/** Counts in memory and writes one JSON line a message; CloudWatch and a terminal both read that. */
export function createTelemetry(write: (line: string) => void, now: () => number): Telemetry {
  const totals = new Map<CounterName, number>(counterNames.map((name) => [name, 0]));
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      write(JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }));
  return {
    count: (name, by = 1) => totals.set(name, (totals.get(name) ?? 0) + by),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    counters: () => Object.fromEntries(totals),
  };
}

/** The message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
