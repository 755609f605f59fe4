import { type AwsCredentials, awsSignature } from "../../functions/core/secret/aws-signature.ts";
import { CannotTell } from "./cannot-tell.ts";

/** An account in a region, and the right to ask there. */
export interface AwsAccount {
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Where a service answers instead of AWS's own address (`AWS_ENDPOINT_URL`). */
  readonly endpoint: string | undefined;
}

/** A service that is asked in AWS's Query protocol. */
export type QueryService = "cloudformation" | "monitoring";

const versions: Readonly<Record<QueryService, string>> = {
  cloudformation: "2010-05-15",
  monitoring: "2010-08-01",
};
const timeoutMs = 10_000;

/**
 * One action in AWS's Query protocol; its XML. Two rare questions are not worth two more SDK clients.
 * @throws CannotTell with the service's own words when it refuses, or does not answer.
 */
export async function askAws(
  { region, credentials, endpoint }: AwsAccount,
  service: QueryService,
  action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const url = new URL(endpoint ?? `https://${service}.${region}.${suffix}`);
  const body = new URLSearchParams({ Action: action, Version: versions[service], ...parameters }).toString();
  const unsigned = { host: url.host, method: "POST", path: "/", body };
  const signed = awsSignature(unsigned, { service, region }, credentials, Date.now());
  const headers = { ...signed, "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const request = { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMs) };
  const answer = await fetch(new URL("/", url), request)
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .catch((error: unknown) => ({ status: 0, text: String(error) }));
  if (answer.status === 200) return answer.text;
  const reason = textsOf(answer.text, "Message")[0] ?? `it answered ${answer.status || answer.text}`;
  throw new CannotTell(`${action} (${url.host}) failed: ${reason}`);
}

/** The contents of all elements of that name, as text; none of them holds another one of its name. */
export function textsOf(xml: string, element: string): readonly string[] {
  const found = xml.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, "g"));
  return [...found].map(([, text = ""]) => unescaped(text));
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole);
}
