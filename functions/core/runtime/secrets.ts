import { createHeldSecret, type HeldSecret } from "../secret/held-secret.ts";
import { readSecret } from "../secret/read-secret.ts";
import type { AwsAccess } from "./sign-in-settings.ts";

/** A secret in Secrets Manager. `warn` hears why it could not be read again while its old value is in use. */
export function secretIn<T>(
  arn: string,
  parse: (text: string) => T,
  { credentials, secretsManagerEndpoint: endpoint }: AwsAccess,
  warn: (error: unknown) => void,
): HeldSecret<T> {
  // By the wall clock: a frozen function's other clocks may stand still while a secret is rotated.
  return createHeldSecret(() => readSecret(arn, { credentials, endpoint }), parse, Date.now, warn);
}
