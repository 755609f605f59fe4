import type { Clusters } from "./clusters.ts";
import type { GatewayOptions } from "./gateway-process.ts";
import type { BenchOptions } from "./options.ts";

/** One row of the table. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The value must not be above it; `undefined` for a row that only informs. */
  readonly goal: number | undefined;
  /** What a reader needs to judge the value: the direct figure, the rounds, the backlog. */
  readonly note: string;
}

/** What every measurement runs on. */
export interface Bench {
  readonly clusters: Clusters;
  readonly options: BenchOptions;
  readonly gateway: (extra?: Pick<GatewayOptions, "environment">) => GatewayOptions;
  /** An index name that was not used before. */
  readonly newIndex: () => string;
  readonly say: (line: string) => void;
}

export type Measure = (bench: Bench) => Promise<readonly Measurement[]>;
