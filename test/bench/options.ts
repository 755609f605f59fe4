import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Documents of the load. */
  readonly documents: number;
  readonly rounds: number;
  /** How long bulks of 5 MB flow. */
  readonly memorySeconds: number;
  readonly gateway: string;
  readonly only: readonly string[];
  readonly json: string | undefined;
  /** Servers that run already, instead of two of the benchmark's own. */
  readonly primary: string | undefined;
  readonly backup: string | undefined;
  readonly backupPid: number | undefined;
  readonly cpuProfile: string | undefined;
}

export const usage = `npm run bench -- [options]
  --documents N        documents of the load (100000)
  --rounds N           rounds, direct and through the gateway in turn (3)
  --memory-seconds N   how long bulks of 5 MB flow (60)
  --only NAMES         start,idle,lag,latency,pass-through,cpu,cpu-alone,load,safety,backlog,memory
  --json FILE          the rows as JSON as well
  --gateway FILE       the built gateway (dist/local.mjs)
  --primary URL --backup URL [--backup-pid PID]   servers that run already
  --cpu-profile DIR    profiles of the gateway
`;

/** Reads the command line. Throws for an option that does not exist. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      documents: { type: "string", default: "100000" },
      rounds: { type: "string", default: "3" },
      "memory-seconds": { type: "string", default: "60" },
      gateway: { type: "string", default: "dist/local.mjs" },
      only: { type: "string", default: "" },
      json: { type: "string" },
      primary: { type: "string" },
      backup: { type: "string" },
      "backup-pid": { type: "string" },
      "cpu-profile": { type: "string" },
    },
  });
  return {
    documents: whole("documents", values.documents),
    rounds: whole("rounds", values.rounds),
    memorySeconds: whole("memory-seconds", values["memory-seconds"]),
    gateway: values.gateway,
    only: values.only === "" ? [] : values.only.split(","),
    json: values.json,
    primary: values.primary,
    backup: values.backup,
    backupPid: values["backup-pid"] === undefined ? undefined : whole("backup-pid", values["backup-pid"]),
    cpuProfile: values["cpu-profile"],
  };
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new TypeError(`--${name} must be a positive whole number`);
  return Number(text);
}
