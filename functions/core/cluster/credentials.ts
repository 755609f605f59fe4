import { type AwsCredentials, awsSignature, type UnsignedRequest } from "../secret/aws-signature.ts";
import type { HeldSecret } from "../secret/held-secret.ts";
import { basicAuthorization, type Login } from "../secret/login.ts";

/** The header fields that sign one request in. */
export type Signer = (request: UnsignedRequest) => Readonly<Record<string, string>>;

/** How the service signs in to a cluster, where a request brings no `authorization` of its own. */
export interface Credentials {
  /** What signs now. @throws when a secret cannot be read; then nothing was sent. */
  signer(): Promise<Signer>;
  /** What signed last, for the requests that nobody waits for; `undefined` before the first. */
  latest(): Signer | undefined;
  /** The cluster answered 401 to what `refused` had signed. Whether another try makes sense. */
  renew(refused: Signer): Promise<boolean>;
}

/** Credentials that do not change while the process runs. */
function fixed(sign: Signer): Credentials {
  return { signer: async () => sign, latest: () => sign, renew: async () => false };
}

/** A user's name and password from the configuration. */
export function loginCredentials(login: Login): Credentials {
  return fixed(authorizing(basicAuthorization(login)));
}

/** AWS Signature Version 4, for Amazon OpenSearch Service (`es`) and OpenSearch Serverless (`aoss`). */
export function sigv4Credentials(
  scope: { readonly service: "es" | "aoss"; readonly region: string },
  aws: AwsCredentials,
  now: () => number,
): Credentials {
  return fixed((request) => awsSignature(request, scope, aws, now()));
}

/** A secret that may be rotated at any time: each value signs by itself. */
export function secretCredentials(secret: HeldSecret<Signer>): Credentials {
  return { signer: secret.get, latest: secret.latest, renew: secret.renew };
}

/** Signs with one `authorization` for all requests. */
export function authorizing(authorization: string): Signer {
  const fields = { authorization };
  return () => fields;
}
