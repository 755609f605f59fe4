import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Reader } from "./settings-reader.ts";

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
  /** A PEM file on the machine that deploys; it goes into the functions' bundles. */
  readonly caFile: string | undefined;
  readonly verifyTls: boolean;
}

/** The stack knows only where a credential is kept, never the credential. */
export type ClusterAccess =
  | { readonly kind: "none" }
  | { readonly kind: "secret"; readonly secretArn: string }
  | {
      readonly kind: "sigv4";
      readonly service: "es" | "aoss";
      readonly region: string;
      readonly resourceArn: string;
    };

export const SECRET_ARN = /^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/;
const RESOURCE_ARN = {
  es: /^arn:aws[\w-]*:es:[\w-]+:\d{12}:domain\/[a-z][a-z0-9-]{2,27}$/,
  aoss: /^arn:aws[\w-]*:aoss:[\w-]+:\d{12}:collection\/[a-z0-9]+$/,
};
/** Reads `PRIMARY_…` or `BACKUP_…`. */
export function readCluster(reader: Reader, side: "PRIMARY" | "BACKUP"): ClusterSettings {
  return {
    endpoint: readEndpoint(reader, `${side}_ENDPOINT`),
    access: readAccess(reader, side),
    qpsMaxPerNode: reader.integer(`${side}_MAX_QPS_PER_NODE`, 10_000, 1, 1_000_000),
    bytesMaxPerNode: reader.integer(`${side}_MAX_BYTES_PER_NODE`, 104_857_600, 1, 10_737_418_240),
    connectionsMaxPerNode: reader.integer(`${side}_MAX_CONNECTION_PER_NODE`, 200, 1, 10_000),
    discovery: reader.flag(`${side}_DISCOVERY_ENABLED`, false),
    discoveryRefresh: reader.flag(`${side}_DISCOVERY_REFRESH_ENABLED`, false),
    caFile: readCaFile(reader, `${side}_CA_FILE`),
    verifyTls: reader.flag(`${side}_TLS_VERIFY`, true),
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
  const region = resourceArn?.split(":")[3] ?? "";
  return { kind: "sigv4", service, region, resourceArn: resourceArn ?? "" };
}

function readCaFile(reader: Reader, name: string): string | undefined {
  const path = reader.text(name);
  if (path !== undefined && !existsSync(path)) reader.problem(name, "names no file on this machine");
  return path === undefined ? undefined : resolve(path);
}
