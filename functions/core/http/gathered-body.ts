import type { IncomingMessage } from "node:http";
import type { MessagePort } from "node:worker_threads";

/** Declared lengths above this are not believed beforehand: only a cluster's answer can be so long. */
const allocatedBytesMax = 128 * 1024 * 1024;

/** The length that a message's headers tell; `undefined` with chunked encoding or without a body. */
export function declaredBytes({ headers }: IncomingMessage): number | undefined {
  const declared = headers["content-length"];
  return declared === undefined ? undefined : Number(declared);
}

/**
 * A body that arrives in pieces and becomes one buffer. Each piece is copied as it comes and its memory given back at
 * once: left to the collector, the pieces were a third of what a bulk leaves behind (decision 22).
 */
export class GatheredBody {
  readonly #declared: number;
  #whole: Buffer | undefined;
  /** What came when no length was declared, or beyond it. */
  #pieces: Buffer[] = [];
  #filled = 0;
  #length = 0;

  /** @param declared the length that the headers tell; `undefined` where they tell none. */
  constructor(declared: number | undefined) {
    this.#declared = declared !== undefined && declared <= allocatedBytesMax ? declared : 0;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes the piece over: nobody may look at it afterwards. */
  add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#declared || (this.#length === piece.length && piece.length === this.#declared)) {
      this.#pieces.push(piece);
      return;
    }
    this.#whole ??= Buffer.allocUnsafeSlow(this.#declared);
    piece.copy(this.#whole, this.#filled);
    this.#filled += piece.length;
    giveBack(piece);
  }

  /** All of it, once it is complete. */
  bytes(): Buffer {
    const beginning = this.#whole === undefined ? [] : [this.#whole.subarray(0, this.#filled)];
    const parts = [...beginning, ...this.#pieces];
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, this.#length);
  }
}

/** Frees a buffer's memory now instead of when it is collected. One that shares its memory with others stays. */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) return;
  if ("transfer" in buffer && typeof buffer.transfer === "function") buffer.transfer(0);
  else closedPort().postMessage(undefined, [buffer]);
}

let closed: MessagePort | undefined;

/** For Node 20: what is posted to a closed port is transferred all the same (HTML, "message port post message steps"). */
function closedPort(): MessagePort {
  if (closed === undefined) {
    closed = new MessageChannel().port1;
    closed.close();
  }
  return closed;
}
