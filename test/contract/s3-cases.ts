import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { EngineCase } from "./engine-case.ts";

/** Some S3 with one bucket, empty at the start of each case. */
export interface S3Subject {
  readonly client: S3Client;
  readonly bucket: string;
}

const mebibyte = 1_048_576;
/** Around the sizes at which an implementation may change its ways. */
const sizes = [0, 1, 30_000, 65_536, 65_537, mebibyte, 5 * mebibyte + 3];
const oddKeys = [
  "a b+c%20d",
  "../up/./down//x",
  "/leading",
  "trailing/",
  "ü€😀",
  "q?x=1#h&y;z",
  "<&>\"'",
  "__proto__",
  "back\\slash",
];

export const s3Cases: readonly EngineCase<S3Subject>[] = [
  {
    name: "PutObject and GetObject keep bytes of any size, content type, encoding and metadata",
    async run({ client, bucket }) {
      for (const size of sizes) {
        const body = noise(size);
        const put = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: `size/${size}`,
            Body: body,
            ContentType: "application/x-ndjson",
            ContentEncoding: "gzip",
            Metadata: { schema: "2" },
          }),
        );
        const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `size/${size}` }));
        assert.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body), `${size} bytes`);
        assert.equal(got.ContentLength, size);
        assert.equal(got.ContentType, "application/x-ndjson");
        assert.equal(got.ContentEncoding, "gzip");
        assert.equal(got.Metadata?.schema, "2");
        assert.equal(got.ETag, put.ETag);
      }
    },
  },
  {
    name: "GetObject's body can be read as a stream and as text",
    async run({ client, bucket }) {
      const body = noise(200_000);
      await put(client, bucket, "stream", body);
      await put(client, bucket, "text", "ü€");
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: "stream" }));
      assert.ok(Body instanceof Readable);
      const chunks: Buffer[] = [];
      for await (const chunk of Body) chunks.push(Buffer.from(chunk));
      assert.ok(Buffer.concat(chunks).equals(body));
      const text = await client.send(new GetObjectCommand({ Bucket: bucket, Key: "text" }));
      assert.equal(await text.Body?.transformToString(), "ü€");
    },
  },
  {
    name: "PutObject replaces an object, from small to large and back, and its ETag changes",
    async run({ client, bucket }) {
      const tags = new Set<string | undefined>();
      for (const size of [10, 100_000, 200_000, 20]) {
        const body = noise(size);
        tags.add((await put(client, bucket, "same", body)).ETag);
        assert.ok((await get(client, bucket, "same")).equals(body));
      }
      assert.equal(tags.size, 4);
    },
  },
  {
    name: "PutObject with If-None-Match: * succeeds once",
    async run({ client, bucket }) {
      for (const size of [10, 100_000]) {
        const Key = `once/${size}`;
        const first = noise(size);
        const create = (Body: Buffer) =>
          client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfNoneMatch: "*" }));
        await create(first);
        await refused(create(noise(size)), "PreconditionFailed", 412);
        assert.ok((await get(client, bucket, Key)).equals(first));
      }
    },
  },
  {
    name: "of concurrent conditional puts exactly one wins, and its body is what is read",
    async run({ client, bucket }) {
      const bodies = Array.from({ length: 6 }, () => noise(100_000));
      const outcomes = await Promise.allSettled(
        bodies.map((Body) =>
          client.send(new PutObjectCommand({ Bucket: bucket, Key: "race", Body, IfNoneMatch: "*" })),
        ),
      );
      const winners = bodies.filter((_, index) => outcomes[index]?.status === "fulfilled");
      assert.equal(winners.length, 1);
      assert.ok(winners[0]?.equals(await get(client, bucket, "race")));
    },
  },
  {
    name: "HeadObject gives size, time and ETag",
    async run({ client, bucket }) {
      const put_ = await put(client, bucket, "head", "12345");
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "head" }));
      assert.equal(head.ContentLength, 5);
      assert.equal(head.ETag, put_.ETag);
      assert.ok(Math.abs(Number(head.LastModified) - Date.now()) < 5000);
    },
  },
  {
    name: "GetObject and HeadObject of a missing key say so",
    async run({ client, bucket }) {
      await refused(client.send(new GetObjectCommand({ Bucket: bucket, Key: "none" })), "NoSuchKey", 404);
      await refused(client.send(new HeadObjectCommand({ Bucket: bucket, Key: "none" })), "NotFound", 404);
    },
  },
  {
    name: "a missing bucket is refused",
    async run({ client }) {
      const request = client.send(new PutObjectCommand({ Bucket: "no-such-bucket", Key: "a", Body: "x" }));
      await refused(request, "NoSuchBucket", 404);
    },
  },
  {
    name: "DeleteObject removes an object and succeeds for a missing one",
    async run({ client, bucket }) {
      for (const size of [10, 100_000]) {
        await put(client, bucket, "gone", noise(size));
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "gone" }));
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "gone" }));
        await refused(client.send(new GetObjectCommand({ Bucket: bucket, Key: "gone" })), "NoSuchKey", 404);
      }
    },
  },
  {
    name: "DeleteObjects removes the named objects and no others",
    async run({ client, bucket }) {
      for (const key of ["d/1", "d/2", "d/<&>", "keep"]) await put(client, bucket, key, "x");
      const Objects = ["d/1", "d/2", "d/<&>", "d/missing"].map((Key) => ({ Key }));
      const answer = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
      assert.deepEqual(
        answer.Deleted?.map((entry) => entry.Key).sort(),
        Objects.map(({ Key }) => Key).sort(),
      );
      assert.deepEqual(await keys(client, bucket, {}), ["keep"]);
    },
  },
  {
    name: "ListObjectsV2 gives keys in byte order with size, time and ETag",
    async run({ client, bucket }) {
      for (const key of ["b", "a/2", "a/10", "a", "ü", "Z"]) await put(client, bucket, key, "12");
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      assert.deepEqual(
        Contents.map((entry) => entry.Key),
        ["Z", "a", "a/10", "a/2", "b", "ü"],
      );
      assert.equal(Contents[0]?.Size, 2);
      assert.match(Contents[0]?.ETag ?? "", /^".+"$/);
      assert.ok(Math.abs(Number(Contents[0]?.LastModified) - Date.now()) < 5000);
    },
  },
  {
    name: "ListObjectsV2 obeys prefix, start-after and pages",
    async run({ client, bucket }) {
      for (let index = 0; index < 7; index++) await put(client, bucket, `p/${index}`, "x");
      await put(client, bucket, "o", "x");
      await put(client, bucket, "q", "x");
      const all = ["p/0", "p/1", "p/2", "p/3", "p/4", "p/5", "p/6"];
      assert.deepEqual(await keys(client, bucket, { Prefix: "p/" }), all);
      assert.deepEqual(await keys(client, bucket, { Prefix: "p/", StartAfter: "p/4" }), ["p/5", "p/6"]);
      assert.deepEqual(await keys(client, bucket, { Prefix: "none" }), []);
      const paged: string[] = [];
      const truncated: (boolean | undefined)[] = [];
      for (let ContinuationToken: string | undefined, page = 0; page < 10; page++) {
        const answer = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: "p/", MaxKeys: 3, ContinuationToken }),
        );
        paged.push(...(answer.Contents ?? []).map((entry) => entry.Key ?? ""));
        truncated.push(answer.IsTruncated);
        ContinuationToken = answer.NextContinuationToken;
        if (ContinuationToken === undefined) break;
      }
      assert.deepEqual(paged, all);
      assert.deepEqual(truncated, [true, true, false]);
    },
  },
  {
    name: "keys may hold any characters",
    async run({ client, bucket }) {
      for (const key of oddKeys) await put(client, bucket, key, key);
      for (const key of oddKeys) assert.equal((await get(client, bucket, key)).toString(), key);
      assert.deepEqual((await keys(client, bucket, {})).sort(), [...oddKeys].sort());
    },
  },
  {
    name: "PutObject refuses a body that is not what its SHA-256 says",
    documented:
      "S3 computes the checksum itself, and fails the put where it differs (checking object integrity)",
    async run({ client, bucket }) {
      const put = (ChecksumSHA256: string) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: "sum", Body: "body", ChecksumSHA256 }));
      await put(createHash("sha256").update("body").digest("base64"));
      await refused(put(createHash("sha256").update("other").digest("base64")), "BadDigest", 400);
    },
  },
  {
    name: "PutObject with If-Match replaces only that state: 412 for another, 404 for none",
    async run({ client, bucket }) {
      const first = await put(client, bucket, "match", "1");
      const replace = (Key: string, IfMatch: string | undefined) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "2", IfMatch }));
      await replace("match", first.ETag);
      await refused(replace("match", first.ETag), "PreconditionFailed", 412);
      await refused(replace("none", first.ETag), "NoSuchKey", 404);
      assert.equal((await get(client, bucket, "match")).toString(), "2");
    },
  },
  {
    name: "GetObject obeys If-Match and If-None-Match",
    async run({ client, bucket }) {
      const { ETag } = await put(client, bucket, "state", "1");
      const read = (conditions: { IfMatch?: string; IfNoneMatch?: string }) =>
        client.send(new GetObjectCommand({ Bucket: bucket, Key: "state", ...conditions }));
      const tag = ETag ?? "";
      assert.equal(await (await read({ IfMatch: tag })).Body?.transformToString(), "1");
      assert.equal(await (await read({ IfNoneMatch: '"other"' })).Body?.transformToString(), "1");
      await refused(read({ IfMatch: '"other"' }), "PreconditionFailed", 412);
      await assert.rejects(read({ IfNoneMatch: tag }), hasStatus(304));
    },
  },
  {
    name: "GetObject gives the part that Range names",
    async run({ client, bucket }) {
      for (const size of [1000, 100_000]) {
        const body = noise(size);
        await put(client, bucket, "part", body);
        const part = async (Range: string) => {
          const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: "part", Range }));
          const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
          return { bytes, range: got.ContentRange, status: got.$metadata.httpStatusCode };
        };
        const expected: [string, number, number][] = [
          ["bytes=0-0", 0, 1],
          ["bytes=10-19", 10, 20],
          ["bytes=990-", 990, size],
          ["bytes=-10", size - 10, size],
          [`bytes=5-${size + 5}`, 5, size],
        ];
        for (const [range, from, to] of expected) {
          const got = await part(range);
          assert.ok(got.bytes.equals(body.subarray(from, to)), range);
          assert.deepEqual([got.status, got.range], [206, `bytes ${from}-${to - 1}/${size}`]);
        }
        await refused(part(`bytes=${size}-`), "InvalidRange", 416);
      }
    },
  },
  {
    name: "HeadObject gives the metadata, whose names are lower-case, and the content's headers",
    async run({ client, bucket }) {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: "meta",
          Body: "x",
          Metadata: { Schema: "2", origin: "a b" },
          CacheControl: "no-store",
          ContentType: "text/plain",
        }),
      );
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "meta" }));
      assert.deepEqual(head.Metadata, { schema: "2", origin: "a b" });
      assert.deepEqual([head.CacheControl, head.ContentType], ["no-store", "text/plain"]);
      await put(client, bucket, "meta", "y");
      const replaced = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "meta" }));
      assert.deepEqual(replaced.Metadata, {}, "a put replaces the metadata as well");
    },
  },
  {
    name: "a checksum that came with an object is given back to those who ask for it",
    documented:
      "with x-amz-checksum-mode ENABLED the stored checksum is in the answer (GetObject, HeadObject)",
    async run({ client, bucket }) {
      const ChecksumSHA256 = createHash("sha256").update("body").digest("base64");
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: "sum", Body: "body", ChecksumSHA256 }));
      const wanted = { Bucket: bucket, Key: "sum", ChecksumMode: "ENABLED" } as const;
      assert.equal((await client.send(new GetObjectCommand(wanted))).ChecksumSHA256, ChecksumSHA256);
      assert.equal((await client.send(new HeadObjectCommand(wanted))).ChecksumSHA256, ChecksumSHA256);
      const quiet = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "sum" }));
      assert.equal(quiet.ChecksumSHA256, undefined);
    },
  },
  {
    name: "PutObject refuses a body that is not what its CRC32 says",
    documented:
      "S3 computes the checksum itself, and fails the put where it differs (checking object integrity)",
    async run({ client, bucket }) {
      const put = (ChecksumCRC32: string) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: "crc", Body: "body", ChecksumCRC32 }));
      await put(crc32Of("body"));
      await refused(put(crc32Of("other")), "BadDigest", 400);
    },
  },
  {
    name: "DeleteObjects with Quiet names none, and refuses more than 1,000 keys",
    documented: "quiet mode answers errors only; a request has up to 1,000 keys (DeleteObjects)",
    async run({ client, bucket }) {
      const remove = (keys: readonly string[]) => {
        const Objects = keys.map((Key) => ({ Key }));
        return client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
      };
      await put(client, bucket, "quiet", "x");
      assert.deepEqual((await remove(["quiet", "missing"])).Deleted ?? [], []);
      assert.deepEqual(await keys(client, bucket, {}), []);
      const many = Array.from({ length: 1001 }, (_, index) => `k${index}`);
      await refused(remove(many), "MalformedXML", 400);
    },
  },
  {
    name: "ListObjectsV2 counts its keys, and gives none for max-keys 0",
    documented:
      "IsTruncated tells that there are more keys than max-keys allowed for; for 0 S3 answers an empty list that is not truncated",
    async run({ client, bucket }) {
      for (const key of ["a", "b", "c"]) await put(client, bucket, key, "x");
      const list = (MaxKeys?: number) =>
        client.send(new ListObjectsV2Command({ Bucket: bucket, ...(MaxKeys !== undefined && { MaxKeys }) }));
      const all = await list();
      assert.deepEqual([all.KeyCount, all.MaxKeys, all.IsTruncated], [3, 1000, false]);
      const some = await list(2);
      assert.deepEqual([some.KeyCount, some.MaxKeys, some.IsTruncated], [2, 2, true]);
      const none = await list(0);
      assert.deepEqual([none.Contents ?? [], none.IsTruncated], [[], false]);
    },
  },
  {
    name: "reading in a missing bucket says so",
    async run({ client, bucket }) {
      const Bucket = `${bucket}-missing`;
      await refused(client.send(new GetObjectCommand({ Bucket, Key: "a" })), "NoSuchBucket", 404);
      await refused(client.send(new HeadObjectCommand({ Bucket, Key: "a" })), "NotFound", 404);
      await refused(client.send(new ListObjectsV2Command({ Bucket })), "NoSuchBucket", 404);
      await refused(client.send(new HeadBucketCommand({ Bucket })), "NotFound", 404);
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
    },
  },
  {
    name: "a key has at most 1,024 bytes",
    documented: "a key's UTF-8 is at most 1,024 bytes; KeyTooLongError (object key names, error responses)",
    async run({ client, bucket }) {
      await put(client, bucket, "k".repeat(1024), "x");
      await refused(put(client, bucket, `${"k".repeat(1023)}ü`, "x"), "KeyTooLongError", 400);
    },
  },
];

function noise(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));
}

function put(client: S3Client, Bucket: string, Key: string, Body: Buffer | string) {
  return client.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function get(client: S3Client, Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function keys(
  client: S3Client,
  Bucket: string,
  choice: { Prefix?: string; StartAfter?: string },
): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, ...choice }));
  return Contents.map((entry) => entry.Key ?? "");
}

async function refused(request: Promise<unknown>, code: string, status: number): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, code);
    return hasStatus(status)(error);
  });
}

function hasStatus(status: number): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Error && "$metadata" in error);
    const { $metadata } = error;
    assert.ok(typeof $metadata === "object" && $metadata !== null && "httpStatusCode" in $metadata);
    assert.equal($metadata.httpStatusCode, status);
    return true;
  };
}

function crc32Of(text: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(text));
  return sum.toString("base64");
}
