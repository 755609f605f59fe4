import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import type { Log, LogFields, LogLevel } from "./telemetry.ts";

/** A function's log on AWS. */
export interface LambdaLog extends Log {
  /** Lines from now on name the invocation: function, its request id, whether it is the process's first. */
  begin(context: Context): void;
}

/**
 * Powertools' structured lines; the service's name is in its own variable, which the stack sets. (Of its variables
 * for the level it takes capitals only.)
 */
export function createLambdaLog(logLevel: LogLevel): LambdaLog {
  const logger = new Logger({ logLevel });
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      logger[level](message, fields);
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    begin: (context) => logger.addContext(context),
  };
}
