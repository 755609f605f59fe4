import type { SdkResponse } from "./sdk-wire.ts";

/** Error codes of the SQS API (its reference, "Errors" of each action), by the shape's name in JSON. */
export type SqsFaultCode = keyof typeof queryCodes;

const namespace = "AWS.SimpleQueueService.";
const queryCodes = {
  BatchEntryIdsNotDistinct: `${namespace}BatchEntryIdsNotDistinct`,
  BatchRequestTooLong: `${namespace}BatchRequestTooLong`,
  EmptyBatchRequest: `${namespace}EmptyBatchRequest`,
  InternalFailure: "InternalFailure",
  InvalidAttributeName: "InvalidAttributeName",
  InvalidBatchEntryId: `${namespace}InvalidBatchEntryId`,
  InvalidMessageContents: "InvalidMessageContents",
  InvalidParameterValue: "InvalidParameterValue",
  MessageNotInflight: `${namespace}MessageNotInflight`,
  MissingParameter: "MissingParameter",
  QueueDoesNotExist: `${namespace}NonExistentQueue`,
  PurgeQueueInProgress: `${namespace}PurgeQueueInProgress`,
  ReceiptHandleIsInvalid: "ReceiptHandleIsInvalid",
  ResourceNotFoundException: "ResourceNotFoundException",
  TooManyEntriesInBatchRequest: `${namespace}TooManyEntriesInBatchRequest`,
  UnsupportedOperation: `${namespace}UnsupportedOperation`,
} as const;

/** A request that SQS would refuse. In a batch it may be one entry's fault only. */
export class SqsFault extends Error {
  override readonly name = "SqsFault";
  readonly code: SqsFaultCode;

  constructor(code: SqsFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** At the boundary: what is not a fault of the request is ours. */
  static from(error: unknown): SqsFault {
    if (error instanceof SqsFault) return error;
    return new SqsFault("InternalFailure", String(error), { cause: error });
  }
}

/** The code as it appears in a batch's `Failed` entries, which kept the names of the older query protocol. */
export function queryCodeOf(fault: SqsFault): string {
  return queryCodes[fault.code];
}

/** AWS JSON 1.0 with the header that carries the query protocol's code. */
export function faultResponse(fault: SqsFault): SdkResponse {
  const ours = fault.code === "InternalFailure";
  return {
    statusCode: ours ? 500 : 400,
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-query-error": `${queryCodeOf(fault)};${ours ? "Receiver" : "Sender"}`,
    },
    body: Buffer.from(JSON.stringify({ __type: `com.amazonaws.sqs#${fault.code}`, message: fault.message })),
  };
}
