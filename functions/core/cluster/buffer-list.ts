/**
 * Buffers that follow one another and are sent without being joined: the records of a batch are a megabyte each, and a
 * copy of them was a fifth of what a bulk leaves to the garbage collector. (Over TLS, Node joins what it encrypts.)
 */
export class BufferList {
  readonly buffers: readonly Buffer[];
  /** Bytes. */
  readonly length: number;

  constructor(buffers: readonly Buffer[]) {
    this.buffers = buffers;
    this.length = buffers.reduce((bytes, { length }) => bytes + length, 0);
  }

  /** For whoever needs them in one piece after all. */
  joined(): Buffer {
    return Buffer.concat(this.buffers, this.length);
  }

  /** As a buffer's. */
  toString(encoding: BufferEncoding = "utf8"): string {
    return this.joined().toString(encoding);
  }
}
