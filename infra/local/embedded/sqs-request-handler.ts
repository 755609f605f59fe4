import type { QueueEngine } from "./queue-engine.ts";
import { bodyBytes, type SdkRequestHandler, type SdkResponse, sdkRequestHandler } from "./sdk-wire.ts";
import type { SqsAction } from "./sqs-action.ts";
import { faultResponse, SqsFault } from "./sqs-fault.ts";
import { isFields } from "./sqs-fields.ts";
import { sqsMessageActions } from "./sqs-message-actions.ts";
import { sqsQueueActions } from "./sqs-queue-actions.ts";

export interface SqsHandlerOptions {
  /** Whether answers carry the MD5 of bodies. Clients with `md5: false` do not look. @default true */
  readonly bodyMd5?: boolean;
}

const targetPrefix = "AmazonSQS.";

/** Answers an `SQSClient` (AWS JSON 1.0) from the engine. */
export function sqsRequestHandler(engine: QueueEngine, options: SqsHandlerOptions = {}): SdkRequestHandler {
  const actions = new Map<string, SqsAction>([
    ...Object.entries(sqsMessageActions(engine, options.bodyMd5 ?? true)),
    ...Object.entries(sqsQueueActions(engine)),
  ]);
  return sdkRequestHandler(async (request, signal) => {
    try {
      const target = request.headers["x-amz-target"] ?? "";
      const action = actions.get(target.slice(targetPrefix.length));
      if (action === undefined)
        throw new SqsFault("UnsupportedOperation", `${target} is not supported here.`);
      const fields: unknown = JSON.parse((await bodyBytes(request.body)).toString());
      return answer(await action(isFields(fields) ? fields : {}, signal));
    } catch (error) {
      return faultResponse(SqsFault.from(error));
    }
  });
}

function answer(members: object): SdkResponse {
  return {
    statusCode: 200,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: Buffer.from(JSON.stringify(members)),
  };
}
