import { S3Fault } from "./s3-fault.ts";

/** The first byte, and the one after the last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The bytes that a `Range` header names, of so many; S3 takes one range.
 * @throws S3Fault when there are none of them, or the header is of another form.
 */
export function byteRange(header: string, bytes: number): ByteRange {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === "" && last === "") throw new S3Fault("NotImplemented", `A range of this form: ${header}`);
  const from = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const to = first === "" || last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (from < to) return { from, to };
  throw new S3Fault("InvalidRange", "The requested range is not satisfiable");
}
