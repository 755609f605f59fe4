/** Where one cluster is, how it is signed in to, and what it may be asked at most. */
export interface ClusterSettings {
  /** Comma-separated base URLs of the nodes. */
  readonly endpoint: string;
  readonly access: ClusterAccess;
  readonly qpsMaxPerNode: number;
  readonly bytesMaxPerNode: number;
  readonly connectionsMaxPerNode: number;
  readonly discovery: boolean;
  readonly discoveryRefresh: boolean;
}

/** The stack knows only where a credential is kept, never the credential. */
export type ClusterAccess =
  | { readonly kind: "none" }
  | { readonly kind: "secret"; readonly secretArn: string }
  | { readonly kind: "sigv4"; readonly service: "es" | "aoss"; readonly resourceArn: string };

export interface GatewaySettings {
  readonly stackName: string;
  readonly stageName: string;
  readonly primary: ClusterSettings;
  readonly backup: ClusterSettings;
  readonly authMode: "basic" | "iam" | "passthrough";
  /** An existing secret for `basic`; without it the stack generates one. */
  readonly clientSecretArn: string | undefined;
  readonly enforceBulkRequestsOnly: boolean;
  readonly intents: "before" | "parallel" | "off";
  readonly inlineRecordBytesMax: number;
  readonly retryPauseMaxSeconds: number;
  readonly replayConcurrencyMax: number;
  readonly responseStreaming: boolean;
  readonly requestsPerSecondMax: number;
  readonly requestBurstMax: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** An SNS topic that every alarm tells. */
  readonly alarmTopicArn: string | undefined;
  /** Whether queues, bucket and secret outlive the stack. */
  readonly retainData: boolean;
}

export interface SettingSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A value of `cdk.json`'s context, or one given with `-c NAME=value`. */
  readonly context: (name: string) => unknown;
}

const SECRET_ARN = /^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/;
const RESOURCE_ARN = {
  es: /^arn:aws[\w-]*:es:[\w-]+:\d{12}:domain\/[a-z][a-z0-9-]{2,27}$/,
  aoss: /^arn:aws[\w-]*:aoss:[\w-]+:\d{12}:collection\/[a-z0-9]+$/,
};
const TOPIC_ARN = /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+$/;
const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,59}$/;
const STAGE_NAME = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads every setting, the environment before the context, an empty string as unset.
 * Throws one error that lists all problems, each with the setting's name and what to do.
 */
export function readSettings(sources: SettingSources): GatewaySettings {
  const reader = createReader(sources);
  const authMode = reader.choice(
    "AUTH_MODE",
    ["basic", "iam", "passthrough"],
    "basic",
    "none exists only on loopback",
  );
  // Queue bodies are text on AWS: the name exists for the local host, and here it has one legal value.
  reader.choice("RECORD_ENCODING", ["gzip"], "gzip", "SQS bodies are text, so records are compressed");
  const settings: GatewaySettings = {
    stackName: reader.pattern("STACK_NAME", STACK_NAME, "letters, digits and hyphens") ?? "understudy",
    stageName: reader.pattern("STAGE_NAME", STAGE_NAME, "letters, digits, hyphens and underscores") ?? "live",
    primary: readCluster(reader, "PRIMARY"),
    backup: readCluster(reader, "BACKUP"),
    authMode,
    clientSecretArn: reader.pattern("CLIENT_SECRET_ARN", SECRET_ARN, "a complete Secrets Manager ARN"),
    enforceBulkRequestsOnly: reader.flag("ENFORCE_BULK_REQUESTS_ONLY", false),
    intents: reader.choice("INTENTS", ["before", "parallel", "off"], "before"),
    // 1 MiB is SQS's limit for body and attributes together; some room stays for the attributes.
    inlineRecordBytesMax: reader.integer("INLINE_RECORD_BYTES_MAX", 458_752, 1_024, 1_000_000),
    // SQS hides a message for 12 hours at most.
    retryPauseMaxSeconds: reader.integer("RETRY_PAUSE_MAX_SECONDS", 300, 1, 43_200),
    replayConcurrencyMax: reader.integer("REPLAY_MAX_CONCURRENCY", 10, 2, 1_000),
    responseStreaming: reader.flag("RESPONSE_STREAMING", true),
    requestsPerSecondMax: reader.integer("API_MAX_QPS", 1_000, 1, 100_000),
    requestBurstMax: reader.integer("API_MAX_BURST", 2_000, 1, 100_000),
    logLevel: reader.choice("LOG_LEVEL", ["debug", "info", "warn", "error"], "info"),
    alarmTopicArn: reader.pattern("ALARM_TOPIC_ARN", TOPIC_ARN, "the ARN of an SNS topic"),
    retainData: reader.flag("RETAIN_DATA", true),
  };
  if (settings.clientSecretArn !== undefined && authMode !== "basic") {
    reader.problem("CLIENT_SECRET_ARN", `has no meaning with AUTH_MODE=${authMode}; remove one of the two`);
  }
  reader.finish();
  return settings;
}

function readCluster(reader: Reader, side: "PRIMARY" | "BACKUP"): ClusterSettings {
  return {
    endpoint: readEndpoint(reader, `${side}_ENDPOINT`),
    access: readAccess(reader, side),
    qpsMaxPerNode: reader.integer(`${side}_MAX_QPS_PER_NODE`, 10_000, 1, 1_000_000),
    bytesMaxPerNode: reader.integer(`${side}_MAX_BYTES_PER_NODE`, 104_857_600, 1, 10_737_418_240),
    connectionsMaxPerNode: reader.integer(`${side}_MAX_CONNECTION_PER_NODE`, 200, 1, 10_000),
    discovery: reader.flag(`${side}_DISCOVERY_ENABLED`, false),
    discoveryRefresh: reader.flag(`${side}_DISCOVERY_REFRESH_ENABLED`, false),
  };
}

function readEndpoint(reader: Reader, name: string): string {
  const given = reader.text(name);
  if (given === undefined) {
    reader.problem(name, "is missing; set it to the URLs of the cluster's nodes, comma-separated");
    return "";
  }
  const nodes = given.split(",").map((node) => node.trim());
  for (const node of nodes) {
    const url = URL.canParse(node) ? new URL(node) : undefined;
    if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
      reader.problem(name, "has an entry that is no http(s) URL; write https://host[:port], comma-separated");
    } else if (url.username !== "" || url.password !== "") {
      reader.problem(name, `must not carry credentials; use ${name.replace("ENDPOINT", "SECRET_ARN")}`);
    } else if (url.search !== "" || url.hash !== "") {
      reader.problem(name, "must not have a query or a fragment; remove it");
    }
  }
  return nodes.join(",");
}

function readAccess(reader: Reader, side: "PRIMARY" | "BACKUP"): ClusterAccess {
  for (const name of [`${side}_USERNAME`, `${side}_PASSWORD`]) {
    if (reader.text(name) === undefined) continue;
    reader.problem(
      name,
      `is for the local host only; store {"username", "password"} in Secrets Manager, set ${side}_SECRET_ARN and unset it`,
    );
  }
  const secretName = `${side}_SECRET_ARN`;
  const serviceName = `${side}_SIGV4_SERVICE`;
  const resourceName = `${side}_SIGV4_RESOURCE_ARN`;
  const secretArn = reader.pattern(secretName, SECRET_ARN, "a complete Secrets Manager ARN");
  const resourceArn = reader.text(resourceName);
  if (reader.text(serviceName) === undefined) {
    if (resourceArn !== undefined)
      reader.problem(resourceName, `needs ${serviceName} as well (es or aoss); set it`);
    return secretArn === undefined ? { kind: "none" } : { kind: "secret", secretArn };
  }
  const service = reader.choice(serviceName, ["es", "aoss"], "es");
  if (secretArn !== undefined) {
    reader.problem(secretName, `and ${serviceName} exclude each other; unset one of the two`);
  }
  if (resourceArn === undefined || !RESOURCE_ARN[service].test(resourceArn)) {
    reader.problem(
      resourceName,
      `must be the ARN of the ${service === "es" ? "domain" : "collection"} that is signed for`,
    );
  }
  return { kind: "sigv4", service, resourceArn: resourceArn ?? "" };
}

type Reader = ReturnType<typeof createReader>;

/** Every method returns something usable, so that one run finds all problems. Given values are never repeated. */
function createReader(sources: SettingSources) {
  const problems: string[] = [];
  const problem = (name: string, message: string): void => {
    problems.push(`${name} ${message}`);
  };
  const text = (name: string): string | undefined => {
    for (const value of [sources.environment[name], sources.context(name)]) {
      if (typeof value === "string" && value.trim() !== "") return value.trim();
      if (typeof value === "number" || typeof value === "boolean") return String(value);
    }
    return undefined;
  };
  return {
    problem,
    text,
    flag(name: string, fallback: boolean): boolean {
      const given = text(name)?.toLowerCase();
      if (given !== undefined && given !== "true" && given !== "false") {
        problem(name, "must be true or false");
      }
      return given === undefined ? fallback : given === "true";
    },
    integer(name: string, fallback: number, min: number, max: number): number {
      const given = text(name);
      if (given === undefined) return fallback;
      const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
      if (value >= min && value <= max) return value;
      problem(name, `must be a whole number from ${min} to ${max}`);
      return fallback;
    },
    choice<T extends string>(name: string, allowed: readonly T[], fallback: T, why?: string): T {
      const given = text(name)?.toLowerCase();
      if (given === undefined) return fallback;
      const found = allowed.find((value) => value === given);
      if (found === undefined) {
        problem(name, `must be ${allowed.join(", ")}${why === undefined ? "" : ` (${why})`}`);
      }
      return found ?? fallback;
    },
    pattern(name: string, form: RegExp, description: string): string | undefined {
      const given = text(name);
      if (given !== undefined && !form.test(given)) problem(name, `must be ${description}`);
      return given;
    },
    finish(): void {
      if (problems.length === 0) return;
      throw new Error(
        `The stack's settings have ${problems.length} problem(s); set them in the environment or in cdk.json's context:\n` +
          problems.map((line) => `  - ${line}`).join("\n"),
      );
    },
  };
}
