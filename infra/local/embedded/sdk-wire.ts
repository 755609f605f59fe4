/** The request as an AWS SDK client hands it to its `requestHandler`. */
export interface SdkRequest {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  /** Decoded. */
  readonly query?: Readonly<Record<string, string | (string | null)[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** A `requestHandler` for an SDK client: the client does everything but open a socket. */
export interface SdkRequestHandler {
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/**
 * A request handler that has `answer` answer. It rejects with an `AbortError` once the caller's signal has fired,
 * even where the answer is there already; what `answer` throws, it throws.
 */
export function sdkRequestHandler(
  answer: (request: SdkRequest, signal: AbortSignal | undefined) => Promise<SdkResponse>,
): SdkRequestHandler {
  return {
    async handle(request, options) {
      const signal = options?.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
      throwIfAborted(signal);
      const response = await answer(request, signal);
      throwIfAborted(signal);
      return { response };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

/** The bytes of a request body, without a copy where the client has them already. */
export async function bodyBytes(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!isAsyncIterable(body)) throw new TypeError("A request body must be bytes, a string or a stream.");
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(await bodyBytes(chunk));
  return Buffer.concat(chunks);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** What the SDK's own handlers reject with. */
function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
}
