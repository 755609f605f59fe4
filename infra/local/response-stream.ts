import { Writable } from "node:stream";
import type { APIGatewayProxyEvent, Context } from "aws-lambda";
import { MalformedResponse, type ResponseHead } from "./rest-api-response.ts";

/** How the Lambda runtime for Node marks a handler that `awslambda.streamifyResponse` wrapped. */
const streamingMark = Symbol.for("aws.lambda.runtime.handler.streaming");

const preludeContentType = "application/vnd.awslambda.http-integration-response";
const delimiter = Buffer.alloc(8);
const preludeBytesMax = 64 * 1024;

export type StreamedHandler = (
  event: APIGatewayProxyEvent,
  responseStream: awslambda.HttpResponseStream,
  context: Context,
) => Promise<void>;

/** Whether a handler takes a response stream. */
export function isStreamed(handler: object): handler is StreamedHandler {
  return Reflect.get(handler, streamingMark) === "response";
}

/**
 * Defines the global `awslambda` as the Lambda runtime does, unless there is one. Call it before the modules
 * whose handlers stream are loaded.
 */
export function installAwsLambda(): void {
  if ("awslambda" in globalThis) return;
  const value = {
    streamifyResponse: <H extends object>(handler: H): H =>
      Object.assign(handler, { [streamingMark]: "response" }),
    HttpResponseStream: { from: withPrelude },
  };
  Object.defineProperty(globalThis, "awslambda", { value, configurable: true, writable: true });
}

/** `HttpResponseStream.from`: the prelude goes out with the first `write`, never with a bare `end`. */
function withPrelude(stream: ResponseStream, prelude: Readonly<Record<string, unknown>>): ResponseStream {
  stream.setContentType(preludeContentType);
  const json = JSON.stringify(prelude);
  stream._onBeforeFirstWrite = (write) => {
    write(json);
    write(delimiter);
  };
  return stream;
}

type Done = (error?: Error | null) => void;

/**
 * The stream that a streamed handler writes to. What is written is Lambda's frame: a JSON prelude, 8 NUL bytes,
 * the body. The prelude opens the real answer; the body follows at the pace of the client. As in the runtime
 * (aws-lambda-ric 4.0.2), `HttpResponseStream.from` writes its prelude with the first call of `write`, so an
 * answer that is only ended has none: that is a malformed response here as it is on AWS.
 */
export class ResponseStream extends Writable {
  _onBeforeFirstWrite: ((write: (chunk: string | Uint8Array) => void) => void) | undefined;
  readonly #open: (head: ResponseHead) => Writable;
  #prelude: Buffer = Buffer.alloc(0);
  #started = false;
  #body: Writable | undefined;

  /** `open` sends the head and returns where the body goes. */
  constructor(open: (head: ResponseHead) => Writable) {
    super();
    this.#open = open;
  }

  /** Taken for compatibility: a REST API knows the content type from the prelude's headers. */
  readonly setContentType = (_contentType: string): void => {
    if (this.#started) throw new Error("Cannot set content-type, too late.");
  };

  override write(chunk: unknown, encodingOrDone?: BufferEncoding | Done, done?: Done): boolean {
    if (!this.#started) {
      this.#started = true;
      this._onBeforeFirstWrite?.((piece) => super.write(piece));
    }
    return typeof encodingOrDone === "string"
      ? super.write(chunk, encodingOrDone, done)
      : super.write(chunk, encodingOrDone);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    try {
      const rest = this.#body === undefined ? this.#openWith(chunk) : chunk;
      // Not `write(rest, done)`: an `end` in the same tick then leaves with the last bytes, in one packet.
      if (this.#body === undefined || rest.length === 0 || this.#body.write(rest)) done();
      else this.#body.once("drain", done);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Collects the prelude, opens the answer when it is complete, and returns what follows it. */
  #openWith(chunk: Buffer): Buffer {
    const frame = Buffer.concat([this.#prelude, chunk]);
    const end = frame.indexOf(delimiter);
    this.#prelude = end < 0 ? frame : Buffer.alloc(0);
    if (end >= 0) {
      this.#body = this.#open(parsePrelude(frame.toString("utf8", 0, end)));
      return frame.subarray(end + delimiter.length);
    }
    if (frame.length > preludeBytesMax) throw new MalformedResponse("no prelude at the start of the stream");
    return this.#prelude;
  }

  override _final(done: Done): void {
    try {
      if (this.#body === undefined)
        throw new MalformedResponse("no prelude before the end: call write before end");
      this.#body.end(done);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function parsePrelude(text: string): ResponseHead {
  let prelude: unknown;
  try {
    prelude = JSON.parse(text);
  } catch (error) {
    throw new MalformedResponse("the prelude is not JSON", { cause: error });
  }
  if (!isHead(prelude))
    throw new MalformedResponse("the prelude's statusCode, headers or cookies have another type");
  return prelude;
}

function isHead(value: unknown): value is ResponseHead {
  if (!isObject(value)) return false;
  const { statusCode, headers, multiValueHeaders, cookies } = value;
  return (
    typeof statusCode === "number" &&
    (headers === undefined || (isObject(headers) && Object.values(headers).every(isHeaderValue))) &&
    (multiValueHeaders === undefined ||
      (isObject(multiValueHeaders) && Object.values(multiValueHeaders).every(isHeaderValues))) &&
    (cookies === undefined || isHeaderValues(cookies))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isHeaderValues(value: unknown): boolean {
  return Array.isArray(value) && value.every(isHeaderValue);
}
