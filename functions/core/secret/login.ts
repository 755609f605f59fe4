import * as v from "valibot";

/** A user's name and password. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

const text = v.pipe(v.string(), v.nonEmpty());
const loginSchema = v.object({ username: text, password: text });
const clusterSecretSchema = v.union([
  loginSchema,
  v.object({ id: text, api_key: text }),
  v.object({ encoded: text }),
  v.object({ api_key: text }),
]);

/** The `authorization` of HTTP basic authentication. */
export function basicAuthorization({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/**
 * A user's secret, in the form that RDS, OpenSearch's tools and the stack give secrets.
 * @throws Error that says which form it must have, and shows nothing of it.
 */
export function loginIn(secret: string): Login {
  return inForm(secret, loginSchema, '{"username","password"}');
}

/**
 * The `authorization` that a cluster's secret stands for: a user's, or an API key's as the cluster's own
 * `_security/api_key` answers it.
 * @throws Error that says which forms there are, and shows nothing of it.
 */
export function clusterAuthorization(secret: string): string {
  const forms = '{"username","password"}, {"id","api_key"}, {"encoded"} or {"api_key"} with the encoded key';
  const found = inForm(secret, clusterSecretSchema, forms);
  if ("username" in found) return basicAuthorization(found);
  if ("id" in found) return `ApiKey ${Buffer.from(`${found.id}:${found.api_key}`).toString("base64")}`;
  return `ApiKey ${"encoded" in found ? found.encoded : found.api_key}`;
}

/** A schema's own message would show what it got. */
function inForm<T>(secret: string, schema: v.GenericSchema<unknown, T>, forms: string): T {
  const found = v.safeParse(schema, parsed(secret));
  if (found.success) return found.output;
  throw new Error(`the secret must be JSON: ${forms}`);
}

function parsed(secret: string): unknown {
  try {
    return JSON.parse(secret);
  } catch {
    return undefined;
  }
}
