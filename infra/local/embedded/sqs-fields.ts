import type { MessageAttribute } from "./queue-record.ts";
import { SqsFault } from "./sqs-fault.ts";

/** The members of one JSON object of a request. */
export type Fields = Readonly<Record<string, unknown>>;

/** What SQS takes (developer guide, "Amazon SQS message quotas"). */
export const messageBytesMax = 1_048_576;
export const batchEntriesMax = 10;

const batchEntryId = /^[\w-]{1,80}$/;
const refusedCharacter = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const messageAttributesMax = 10;

/** Whether a JSON value is an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A member that may be absent or null.
 * @throws SqsFault when it is not a string.
 */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(name, JSON.stringify(value), "Must be a string.");
  return value;
}

/**
 * A member that must be there; it may be empty.
 * @throws SqsFault when it is absent or not a string.
 */
export function requiredText(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined) {
    throw new SqsFault("MissingParameter", `The request must contain the parameter ${name}.`);
  }
  return value;
}

/**
 * A member that may be absent or null, within bounds that both count.
 * @throws SqsFault for anything else.
 */
export function optionalInteger(fields: Fields, name: string, min: number, max: number): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(name, JSON.stringify(value), `Must be between ${min} and ${max}, if provided.`);
  }
  return value;
}

/**
 * The strings of a list that may be absent; what else is in it is left out.
 * @throws SqsFault when it is not a list.
 */
export function textList(fields: Fields, name: string): string[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(name, JSON.stringify(value), "Must be a list.");
  return value.filter((item): item is string => typeof item === "string");
}

/** The entries of a batch after the checks that refuse it as a whole. */
export function batchEntries(fields: Fields): { id: string; entry: Fields }[] {
  const value = fields.Entries;
  if (!Array.isArray(value) || value.length === 0) {
    throw new SqsFault("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (value.length > batchEntriesMax) {
    const message = `Maximum number of entries per request are ${batchEntriesMax}. You have sent ${value.length}.`;
    throw new SqsFault("TooManyEntriesInBatchRequest", message);
  }
  const entries = value.filter(isFields).map((entry) => ({ id: requiredText(entry, "Id"), entry }));
  for (const { id } of entries) {
    if (batchEntryId.test(id)) continue;
    const rule = "can only contain alphanumeric characters, hyphens and underscores, at most 80 of them";
    throw new SqsFault("InvalidBatchEntryId", `A batch entry id ${rule}.`);
  }
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    throw new SqsFault(
      "BatchEntryIdsNotDistinct",
      "Two or more batch entries in the request have the same Id.",
    );
  }
  return entries;
}

/** A body as bytes. SQS takes only the characters that XML 1.0 allows. */
export function messageBody(fields: Fields): Buffer {
  const text = requiredText(fields, "MessageBody");
  if (text === "")
    throw new SqsFault("MissingParameter", "The request must contain the parameter MessageBody.");
  if (refusedCharacter.test(text)) {
    throw new SqsFault("InvalidMessageContents", "The message contains characters outside the allowed set.");
  }
  return Buffer.from(text);
}

/**
 * A message's attributes; undefined when it has none.
 * @throws SqsFault when there are too many, or one lacks its type or its value.
 */
export function messageAttributes(fields: Fields): Record<string, MessageAttribute> | undefined {
  const value = fields.MessageAttributes;
  if (!isFields(value)) return undefined;
  const names = Object.keys(value);
  if (names.length > messageAttributesMax) {
    const message = `Number of message attributes [${names.length}] exceeds the allowed maximum [${messageAttributesMax}].`;
    throw new SqsFault("InvalidParameterValue", message);
  }
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, messageAttribute(name, value[name])]));
}

/**
 * The one system attribute that a sender may set; it does not count towards the size.
 * @throws SqsFault for any other.
 */
export function traceHeaderOf(fields: Fields): string | undefined {
  const value = fields.MessageSystemAttributes;
  if (!isFields(value)) return undefined;
  const other = Object.keys(value).find((name) => name !== "AWSTraceHeader");
  if (other !== undefined) throw invalid("MessageSystemAttributes", other, "Only AWSTraceHeader is known.");
  return isFields(value.AWSTraceHeader) ? optionalText(value.AWSTraceHeader, "StringValue") : undefined;
}

function messageAttribute(name: string, value: unknown): MessageAttribute {
  const fields = isFields(value) ? value : {};
  const dataType = requiredText(fields, "DataType");
  const text = optionalText(fields, "StringValue");
  const binary = optionalText(fields, "BinaryValue");
  if ((dataType.startsWith("Binary") ? binary : text) === undefined) {
    throw invalid(`MessageAttributes.${name}`, dataType, "The attribute must contain a value of its type.");
  }
  return {
    DataType: dataType,
    ...(text !== undefined && { StringValue: text }),
    ...(binary !== undefined && { BinaryValue: binary }),
  };
}

/** What counts towards the size limit: body, attribute names, types and values. */
export function messageBytes(body: Buffer, attributes: Record<string, MessageAttribute> | undefined): number {
  let bytes = body.length;
  for (const [name, { DataType, StringValue = "", BinaryValue = "" }] of Object.entries(attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
    bytes += Buffer.byteLength(BinaryValue, "base64");
  }
  return bytes;
}

/** The fault for a parameter's value, to be thrown. */
export function invalid(name: string, value: string | undefined, reason: string): SqsFault {
  return new SqsFault(
    "InvalidParameterValue",
    `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`,
  );
}
