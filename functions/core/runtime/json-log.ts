import { type Log, type LogFields, type LogLevel, logLevels } from "./telemetry.ts";

/** The level that the environment asks for, by Powertools' name for it or by the common one, in any case. @default info */
export function logLevelIn(environment: Readonly<Record<string, string | undefined>>): LogLevel {
  const asked = (environment["POWERTOOLS_LOG_LEVEL"] || environment["LOG_LEVEL"])?.toLowerCase();
  return logLevels.find((level) => level === asked) ?? "info";
}

/** One JSON line a message, for the local host. */
export function createJsonLog(
  write: (line: string) => void,
  now: () => number,
  least: LogLevel = "info",
): Log {
  const line = (level: LogLevel) =>
    logLevels.indexOf(level) < logLevels.indexOf(least)
      ? () => undefined
      : (message: string, fields: LogFields = {}) =>
          write(JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }));
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
