import middy from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { admit } from "../core/http/admit.ts";
import { proxyResult } from "../core/http/answer.ts";
import { requestFrom } from "../core/http/request.ts";
import { failureAnswer } from "../core/runtime/middleware.ts";
import { config } from "../core/runtime/process.ts";
import { writeServices } from "../core/runtime/write-services.ts";
import { writeThrough } from "./write-through.ts";

/** Whatever may change something: PRIMARY first, then the queue, then the client. */
export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(failureAnswer())
  .handler(async (event) => {
    const admission = admit(requestFrom(event, Date.now()), config());
    if (admission.kind === "refused") return proxyResult(admission.answer);
    return proxyResult(await writeThrough(admission.request, writeServices()));
  });
