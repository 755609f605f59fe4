import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Fault } from "./s3-fault.ts";

type Headers = Readonly<Record<string, string>>;

const prefix = "x-amz-checksum-";
/** `content-md5` is checked as well, and not kept: S3 does not give it back. */
const sums: Readonly<Record<string, (body: Buffer) => string>> = {
  "content-md5": (body) => createHash("md5").update(body).digest("base64"),
  [`${prefix}crc32`]: (body) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return sum.toString("base64");
  },
  [`${prefix}sha1`]: (body) => createHash("sha1").update(body).digest("base64"),
  [`${prefix}sha256`]: (body) => createHash("sha256").update(body).digest("base64"),
};
const notSums = [`${prefix}mode`, `${prefix}type`, `${prefix}algorithm`];

/** Whether a header holds a checksum of the object, which stays with it. */
export function isChecksum(name: string): boolean {
  return name.startsWith(prefix) && !notSums.includes(name);
}

/**
 * Checks a body against what its client says of it.
 * @throws S3Fault when it is another body, or the algorithm is not known here.
 */
export function checkSums(body: Buffer, headers: Headers): void {
  for (const [name, expected] of Object.entries(headers)) {
    const sum = sums[name];
    if (sum === undefined && isChecksum(name))
      throw new S3Fault("NotImplemented", `${name} is not known here.`);
    if (sum === undefined || sum(body) === expected) continue;
    throw new S3Fault("BadDigest", `The ${name} you specified did not match what we received.`);
  }
}
