import type { EnvelopeSettings } from "../replication/envelope.ts";
import type { Config } from "./config.ts";

/** How this deployment stores record bodies. */
export function envelopeSettings(config: Config): EnvelopeSettings {
  return {
    encoding: config.recordEncoding,
    inlineBytesMax: config.inlineRecordBytesMax,
    payloadPrefix: config.payloadPrefix,
  };
}
