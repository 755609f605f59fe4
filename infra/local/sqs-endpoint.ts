import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { errorAnswer, proxyResult } from "../../functions/core/http/answer.ts";
import { type GatewayRequest, requestFrom } from "../../functions/core/http/request.ts";
import type { Admit } from "../../functions/core/runtime/admission.ts";
import type { Config } from "../../functions/core/runtime/config.ts";
import type { QueueEngine } from "./embedded/queue-engine.ts";
import { bodyBytes, type SdkRequest, type SdkRequestHandler } from "./embedded/sdk-wire.ts";
import { sqsRequestHandler } from "./embedded/sqs-request-handler.ts";
import { isLoopback } from "./host-settings.ts";
import type { LocalFunction } from "./rest-api-function.ts";

/** Below it the embedded queues answer as SQS does: the endpoint for an SDK client or the `aws` command. */
export const sqsPath = "/_understudy/sqs";

/** Who may reach an embedded engine over HTTP. */
export interface EndpointAccess {
  /** What the gateway listens on. */
  readonly host: string;
  readonly authMode: Config["authMode"];
  readonly admit: Admit;
}

/** The embedded queues over HTTP, for the command line of the same machine: AWS JSON 1.0 at `POST /_understudy/sqs`. */
export function sqsEndpoint(queues: QueueEngine, access: EndpointAccess): LocalFunction {
  return engineEndpoint("sqs", sqsPath, sqsRequestHandler(queues), access);
}

/**
 * An embedded engine's requests over HTTP. Whoever may send them can read and delete every record, so it
 * answers only where the gateway listens on loopback, and only to those whom the gateway itself
 * authenticates: with AUTH_MODE `passthrough` to nobody, because there the cluster would have to.
 */
export function engineEndpoint(
  name: string,
  prefix: string,
  engine: SdkRequestHandler,
  access: EndpointAccess,
): LocalFunction {
  async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
    const request = requestFrom(event, Date.now());
    const refusal = refusalOf(access, request);
    if (refusal !== undefined) return proxyResult(errorAnswer(403, "security_exception", refusal));
    const admission = await access.admit(event, request);
    if (admission.kind === "refused") return proxyResult(admission.answer);
    const { response } = await engine.handle(sdkRequest(event, request, prefix));
    const body = await bodyBytes(response.body);
    return {
      statusCode: response.statusCode,
      headers: response.headers,
      body: body.toString("base64"),
      isBase64Encoded: true,
    };
  }
  return { kind: "buffered", name, handler };
}

function refusalOf({ host, authMode }: EndpointAccess, request: GatewayRequest): string | undefined {
  if (!isLoopback(host)) {
    return `the embedded queue is served only where the gateway listens on loopback; HOST is [${host}]`;
  }
  if (authMode === "passthrough") {
    return "the embedded queue is not served with AUTH_MODE passthrough: the gateway authenticates nobody then";
  }
  return isOfWebPage(request) ? "the embedded queue and store are not served to web pages" : undefined;
}

/**
 * A browser names the page that sends, and says that it is one; no command line does. A page whose own name was
 * made to lead here has that name in `Host`.
 */
function isOfWebPage({ headers }: GatewayRequest): boolean {
  const { origin, host = "localhost" } = headers;
  if (origin !== undefined || headers["sec-fetch-site"] !== undefined) return true;
  const name = URL.canParse(`http://${String(host)}`) ? new URL(`http://${String(host)}`).hostname : "";
  return !isLoopback(name.replace(/^\[|\]$/g, ""));
}

function sdkRequest(event: APIGatewayProxyEvent, request: GatewayRequest, prefix: string): SdkRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  const parameters = Object.entries(event.multiValueQueryStringParameters ?? {});
  const query = parameters.map(([name, values]) => [name, values?.at(-1) ?? ""]);
  return {
    method: request.method,
    path: request.path.slice(prefix.length) || "/",
    query: Object.fromEntries(query),
    headers: Object.fromEntries(headers),
    body: request.body,
  };
}
