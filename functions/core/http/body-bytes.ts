import { isUtf8 } from "node:buffer";

/**
 * The bytes behind events and results whose `body` is made when it is read. Lambda's events and results are JSON, so a body
 * travels as text there. Where host and handler share a process the text is never made: it costs 0.8 ms of CPU
 * for a megabyte and, for as long as the request runs, a third more memory than the bytes.
 */
const bytesBehind = new WeakMap<object, Buffer>();

interface EncodedBody {
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * Adds `body` as base64, made at each reading, and `isBase64Encoded`. Whoever copies the holder, or writes it as
 * JSON, gets the text as on AWS. The bytes must not be changed afterwards.
 */
export function withBase64Body<T extends object>(holder: T, bytes: Buffer): T & EncodedBody {
  return withBody(holder, bytes, () => true);
}

/**
 * The same for an answer: `body` is text where the bytes are UTF-8, and base64 where not. API Gateway decodes base64
 * only for a client that sends `accept` ("Binary media types for REST APIs" in its guide); text it passes on to all.
 */
export function withTextBody<T extends object>(holder: T, bytes: Buffer): T & EncodedBody {
  return withBody(holder, bytes, () => !isUtf8(bytes));
}

function withBody<T extends object>(holder: T, bytes: Buffer, isBase64: () => boolean): T & EncodedBody {
  const whole = {
    ...holder,
    get isBase64Encoded(): boolean {
      return isBase64();
    },
    get body(): string {
      return bytes.toString(isBase64() ? "base64" : "utf8");
    },
  };
  bytesBehind.set(whole, bytes);
  return whole;
}

/**
 * The body of an event or result as bytes, however it is encoded; empty when there is none.
 * @throws TypeError when it is no text, which only a handler that breaks its type returns.
 */
export function bodyBytes(holder: {
  readonly body: string | null;
  readonly isBase64Encoded?: boolean | undefined;
}): Buffer {
  const known = bytesBehind.get(holder);
  if (known !== undefined) return known;
  const text: unknown = holder.body ?? "";
  if (typeof text !== "string") throw new TypeError("the body is not a string");
  return Buffer.from(text, holder.isBase64Encoded === true ? "base64" : "utf8");
}
