import * as v from "valibot";
import type { AwsCredentials } from "../secret/aws-signature.ts";
import type { Login } from "../secret/login.ts";
import type { Environment } from "./config.ts";
import { oneOf, type SettingsReader, text, url } from "./settings-reader.ts";

type InSecretsManager = { readonly kind: "secret"; readonly arn: string };

/** How the service signs in to a cluster; `undefined` where the endpoint's URL or nothing does. */
export type ClusterAuth =
  | { readonly kind: "login"; readonly login: Login }
  | InSecretsManager
  | { readonly kind: "sigv4"; readonly service: "es" | "aoss"; readonly region: string };

/** What clients sign in with in the mode `basic`. */
export type ClientSecret = { readonly kind: "login"; readonly login: Login } | InSecretsManager;

/** What signs the handles that clients hold between requests (scroll, point in time). */
export type HandleKey = { readonly kind: "given"; readonly key: string } | InSecretsManager;

/** What the functions know of AWS besides what its SDK finds by itself. */
export interface AwsAccess {
  readonly credentials: AwsCredentials;
  readonly secretsManagerEndpoint: URL | undefined;
}

const secretArn = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:.+$/,
    "must be the ARN of a secret in Secrets Manager",
  ),
);

/** How the service signs in to `prefix`. */
export function readAuth(prefix: "PRIMARY" | "BACKUP", read: SettingsReader): ClusterAuth | undefined {
  const login = readLogin(prefix, read);
  const arn = read.optional(`${prefix}_SECRET_ARN`, secretArn);
  const service = read.optional(`${prefix}_SIGV4_SERVICE`, oneOf("es", "aoss"));
  const region = read.optional(`${prefix}_SIGV4_REGION`, text) ?? read.optional("AWS_REGION", text);
  if ([login, arn, service].filter((way) => way !== undefined).length > 1) {
    read.problems.push(
      `${prefix}_USERNAME, ${prefix}_SECRET_ARN and ${prefix}_SIGV4_SERVICE exclude each other`,
    );
  }
  if (service !== undefined && region === undefined) {
    read.problems.push(`${prefix}_SIGV4_REGION is not set: name the region that ${prefix} is in`);
  }
  if (service !== undefined) return { kind: "sigv4", service, region: region ?? "" };
  if (arn !== undefined) return { kind: "secret", arn };
  return login && { kind: "login", login };
}

function readLogin(prefix: "PRIMARY" | "BACKUP" | "CLIENT", read: SettingsReader): Login | undefined {
  const username = read.optional(`${prefix}_USERNAME`, text);
  const password = read.optional(`${prefix}_PASSWORD`, text);
  if ((username === undefined) !== (password === undefined)) {
    read.problems.push(`${prefix}_USERNAME and ${prefix}_PASSWORD go together; only one is set`);
  }
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}

/** What clients sign in with. */
export function readClient(read: SettingsReader): ClientSecret | undefined {
  const arn = read.optional("CLIENT_SECRET_ARN", secretArn);
  const login = readLogin("CLIENT", read);
  return arn !== undefined ? { kind: "secret", arn } : login && { kind: "login", login };
}

/** The key that signs clients' handles. */
export function readHandleKey(read: SettingsReader): HandleKey | undefined {
  const arn = read.optional("HANDLE_KEY_SECRET_ARN", secretArn);
  const key = read.optional(
    "HANDLE_KEY",
    v.pipe(v.string(), v.minLength(16, "must have 16 characters or more")),
  );
  return arn !== undefined ? { kind: "secret", arn } : key === undefined ? undefined : { kind: "given", key };
}

/** As Lambda sets them; whoever uses them without a value is refused by AWS. */
export function readAws(environment: Environment, read: SettingsReader): AwsAccess {
  const endpoint =
    read.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", url) ?? read.optional("AWS_ENDPOINT_URL", url);
  return {
    credentials: {
      accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
      sessionToken: environment["AWS_SESSION_TOKEN"] || undefined,
    },
    secretsManagerEndpoint: endpoint,
  };
}
