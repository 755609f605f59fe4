import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { type AwsCredentials, awsSignature } from "./aws-signature.ts";

/** How Secrets Manager is reached. */
export interface SecretsManagerAccess {
  readonly credentials: AwsCredentials;
  /** Instead of AWS's own endpoint of the secret's region. */
  readonly endpoint: URL | undefined;
}

/** A secret could not be read; the message names the secret and Secrets Manager's reason, never its value. */
export class SecretUnreadable extends Error {
  override readonly name = "SecretUnreadable";
}

const timeoutMs = 3000;
/** Before the second and the third try. */
const pausesMs = [100, 500];

const answerSchema = v.object({ SecretString: v.string() });
const refusalSchema = v.object({ __type: v.optional(v.string()), message: v.optional(v.string()) });

/**
 * The text of a secret's current version. One signed POST instead of an SDK client: the search function's bundle
 * has no other use for the SDK.
 * @throws SecretUnreadable when it is refused, or three tries got no answer.
 */
export async function readSecret(arn: string, access: SecretsManagerAccess): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { text, reason, again } = await tryToRead(arn, access);
    if (text !== undefined) return text;
    const pauseMs = pausesMs[tries];
    if (!again || pauseMs === undefined)
      throw new SecretUnreadable(`the secret [${arn}] cannot be read: ${reason}`);
    await sleep(pauseMs);
  }
}

interface Attempt {
  readonly text?: string;
  readonly reason?: string;
  readonly again?: boolean;
}

async function tryToRead(arn: string, access: SecretsManagerAccess): Promise<Attempt> {
  const region = arn.split(":")[3] ?? "";
  const url = access.endpoint ?? ownEndpoint(arn, region);
  const body = JSON.stringify({ SecretId: arn });
  const signature = awsSignature(
    { host: url.host, method: "POST", path: "/", body },
    { service: "secretsmanager", region },
    access.credentials,
    Date.now(),
  );
  try {
    const answer = await fetch(new URL("/", url), {
      method: "POST",
      headers: {
        ...signature,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager.GetSecretValue",
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const given: unknown = await answer.json();
    if (answer.ok) return { text: v.parse(answerSchema, given).SecretString };
    const { __type = "", message = "" } = v.parse(refusalSchema, given);
    return {
      reason: `${answer.status} ${__type} ${message}`,
      again: answer.status >= 500 || answer.status === 429,
    };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), again: true };
  }
}

function ownEndpoint(arn: string, region: string): URL {
  const suffix = arn.startsWith("arn:aws-cn:") ? "amazonaws.com.cn" : "amazonaws.com";
  return new URL(`https://secretsmanager.${region}.${suffix}`);
}
