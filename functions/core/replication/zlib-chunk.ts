const bytesMin = 16 * 1024;
const bytesMax = 512 * 1024;

/**
 * The option `chunkSize` of zlib's one-call methods for an output of about so many bytes. They go to a thread and back
 * for each chunk, of 16 KiB by default: with 512 KiB inflating a megabyte takes 1.5 ms of CPU and not 3.2, deflating it
 * 6.0 and not 6.7 (Node 20 and 22).
 */
export function zlibChunkBytes(outputBytes: number): number {
  return Math.max(bytesMin, Math.min(bytesMax, outputBytes));
}
