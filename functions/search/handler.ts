import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import middy from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { proxyResult } from "../core/http/answer.ts";
import { requestFrom } from "../core/http/request.ts";
import { failureAnswer, observed, unexpectedFailure } from "../core/runtime/middleware.ts";
import { admission, beginInvocation, metrics, responseStreaming } from "../core/runtime/process.ts";
import { searchServices } from "../core/runtime/search-services.ts";
import type { ReadAnswer } from "./first-part.ts";
import { searchWithFailover } from "./search-with-failover.ts";

async function read(event: APIGatewayProxyEvent): Promise<ReadAnswer> {
  const admitted = await admission()(event, requestFrom(event, Date.now()));
  return admitted.kind === "refused"
    ? admitted.answer
    : searchWithFailover(admitted.request, searchServices());
}

/** Reads, answered whole: where the host cannot stream (`RESPONSE_STREAMING=false`). */
export const bufferedHandler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(observed())
  .use(failureAnswer())
  .handler(async (event) => {
    const { status, headers, body } = await read(event);
    return proxyResult({ status, headers, body: Buffer.isBuffer(body) ? body : await buffer(body) });
  });

/** Reads, answered as the cluster's bytes arrive. */
export const streamedHandler = (streamify: Streamify) =>
  streamify(async (event, stream, context) => {
    beginInvocation(context);
    const answer = await read(event).catch((error: unknown) =>
      unexpectedFailure(error, event.requestContext.requestId),
    );
    metrics.publish();
    const out = awslambda.HttpResponseStream.from(stream, headOf(answer));
    // The runtime sends the head with the first write, so an empty body needs one as well.
    if (Buffer.isBuffer(answer.body)) {
      out.write(answer.body);
      out.end();
    } else {
      await pipeline(answer.body, out);
    }
  });

/** What the Lambda runtime takes as the head of a streamed answer. */
function headOf({ status, headers }: ReadAnswer) {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "set-cookie") single[name] = typeof value === "string" ? value : value.join(", ");
  }
  const cookies = [headers["set-cookie"] ?? []].flat();
  return { statusCode: status, headers: single, ...(cookies.length > 0 && { cookies }) };
}

type Streamify = typeof awslambda.streamifyResponse;

/** The AWS SDK may define the global as an empty object where no Lambda runtime is. */
const streams =
  responseStreaming && typeof awslambda !== "undefined" && typeof awslambda.streamifyResponse === "function";

/** The function's entry: reads from PRIMARY, or BACKUP while PRIMARY is unavailable. */
export const handler = streams ? streamedHandler(awslambda.streamifyResponse) : bufferedHandler;
