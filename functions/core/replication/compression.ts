import { promisify } from "node:util";
import { type BrotliOptions, brotliCompress, brotliDecompress, constants, gunzip, gzip } from "node:zlib";
import { zlibChunkBytes } from "./zlib-chunk.ts";

const compress = { brotli: promisify(brotliCompress), gzip: promisify(gzip) };
const expand = { brotli: promisify(brotliDecompress), gzip: promisify(gunzip) };

/** How a record's body is compressed, as its header names it. */
export type Compression = keyof typeof compress;

/** More than any bulk that a gateway accepts. */
const expandedBytesMax = 256 * 1024 * 1024;

/**
 * A record's body, compressed quickly: the queue's price is by the 64 KB, CPU by the millisecond. For a megabyte of
 * documents Brotli takes 2.9 ms and leaves 263 KB, gzip 4.7 ms and 281 KB (decision 23).
 */
export function compressed(compression: Compression, body: Buffer): Promise<Buffer> {
  const chunkSize = zlibChunkBytes(body.length);
  if (compression === "gzip") return compress.gzip(body, { level: 1, chunkSize });
  const params: BrotliOptions["params"] = {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    [constants.BROTLI_PARAM_LGWIN]: 18,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  return compress.brotli(body, { chunkSize, params });
}

/** What was compressed. Rejects when it is damaged, or more than 256 MiB. */
export function expanded(compression: Compression, packed: Buffer): Promise<Buffer> {
  const options = { maxOutputLength: expandedBytesMax, chunkSize: zlibChunkBytes(4 * packed.length) };
  return expand[compression](packed, options);
}
