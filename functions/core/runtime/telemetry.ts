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

/** From the most to the least that is said. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where log lines go; those below its level are dropped. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export interface Telemetry extends Log {
  count(name: CounterName, by?: number): void;
  counters(): Readonly<Record<string, number>>;
}

/** Counts in memory; lines go to the log. */
export function createTelemetry(log: Log): Telemetry {
  const totals = new Map<CounterName, number>(counterNames.map((name) => [name, 0]));
  return {
    ...log,
    count: (name, by = 1) => totals.set(name, (totals.get(name) ?? 0) + by),
    counters: () => Object.fromEntries(totals),
  };
}

/** The same counters and the same log, whose lines carry these fields. */
export function withFields(telemetry: Telemetry, fields: LogFields): Telemetry {
  const line = (level: LogLevel) => (message: string, more?: LogFields) =>
    telemetry[level](message, { ...fields, ...more });
  return {
    ...telemetry,
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
  };
}

/** The message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
