import { buffer } from "node:stream/consumers";
import { handleUse, mayGive } from "../core/handle/handle-use.ts";
import { compressed, readable } from "../core/handle/readable-answer.ts";
import { sealHandles } from "../core/handle/seal-handles.ts";
import type { Answer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { passThrough } from "./pass-through.ts";
import type { WriteServices } from "./write-services.ts";

/**
 * A read that came to the write function, as on AWS those under a mapping type do: PRIMARY's answer. Its scroll id
 * is sealed, since the next page is asked of the search function.
 */
export async function readPrimary(request: GatewayRequest, services: WriteServices): Promise<Answer> {
  const use = handleUse(request.method, request.path);
  if (use === undefined || !mayGive(use, request)) return (await passThrough(request, services)).answer;
  const handles = await services.handles();
  const { answer } = await passThrough(readable(request), services);
  const sealed = sealHandles(answer, use, (original) => handles.seal({ cluster: "primary", original }));
  const { status, headers, body } = await compressed(sealed, request);
  return { status, headers, body: Buffer.isBuffer(body) ? body : await buffer(body) };
}
