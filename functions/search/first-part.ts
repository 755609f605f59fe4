import { Readable } from "node:stream";
import type { ClusterStream, Headers } from "../core/cluster/port.ts";

/** A read's answer: short ones whole, long ones as they arrive. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer | Readable;
  /** What a long one begins with. */
  readonly start?: Buffer;
}

/** Bytes that are held back: until then a cluster that fails in the middle can still be replaced. */
const heldBytesMax = 1024 * 1024;

/**
 * Waits for the answer's end or its first megabyte, whichever comes first.
 * @throws ClusterError when the answer breaks off before that.
 */
export async function firstPart(answer: ClusterStream): Promise<ReadAnswer> {
  const { status, headers, body } = answer;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const iterator = body.iterator({ destroyOnReturn: false });
  for await (const chunk of iterator) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    if (bytes >= heldBytesMax)
      return { status, headers, body: joined(chunks, body), start: chunks[0] ?? part };
  }
  return { status, headers, body: Buffer.concat(chunks) };
}

function joined(held: readonly Buffer[], body: Readable): Readable {
  const whole = Readable.from(rest(held, body), { objectMode: false });
  // A reader that leaves before its first read never starts the generator, which would end the exchange.
  return whole.once("close", () => body.destroy());
}

async function* rest(held: readonly Buffer[], body: Readable): AsyncGenerator<Buffer> {
  yield* held;
  yield* body;
}
