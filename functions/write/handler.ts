import middy from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { proxyResult } from "../core/http/answer.ts";
import { requestFrom } from "../core/http/request.ts";
import { failureAnswer, observed } from "../core/runtime/middleware.ts";
import { admission } from "../core/runtime/process.ts";
import { writeServices } from "../core/runtime/write-services.ts";
import { writeThrough } from "./write-through.ts";

/** Whatever may change something: PRIMARY first, then the queue, then the client. */
export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(observed())
  .use(failureAnswer())
  .handler(async (event) => {
    const admitted = await admission()(event, requestFrom(event, Date.now()));
    if (admitted.kind === "refused") return proxyResult(admitted.answer);
    return proxyResult(await writeThrough(admitted.request, writeServices()));
  });
