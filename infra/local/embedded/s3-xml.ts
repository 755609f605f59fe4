import type { ListedObject } from "./object-engine.ts";

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Text for XML, with control characters as references, as S3 writes keys that hold them. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\p{Cc}]/gu, (character) => `&#${character.codePointAt(0)};`);
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? whole;
  });
}

export interface ListAnswer {
  readonly bucket: string;
  readonly prefix: string;
  readonly maxKeys: number;
  readonly objects: readonly ListedObject[];
  readonly startAfter: string | undefined;
  readonly continuationToken: string | undefined;
  readonly nextContinuationToken: string | undefined;
}

/** The answer of ListObjectsV2. */
export function listXml(answer: ListAnswer): string {
  const contents = answer.objects.map(
    ({ key, etag, bytes, lastModifiedMs }) =>
      `<Contents>${element("Key", key)}${element("LastModified", new Date(lastModifiedMs).toISOString())}` +
      `${element("ETag", etag)}${element("Size", bytes)}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return document(
    "ListBucketResult",
    element("Name", answer.bucket) +
      element("Prefix", answer.prefix) +
      element("KeyCount", answer.objects.length) +
      element("MaxKeys", answer.maxKeys) +
      element("IsTruncated", answer.nextContinuationToken !== undefined) +
      element("StartAfter", answer.startAfter) +
      element("ContinuationToken", answer.continuationToken) +
      element("NextContinuationToken", answer.nextContinuationToken) +
      contents.join(""),
  );
}

/** The answer of DeleteObjects. */
export function deletedXml(keys: readonly string[]): string {
  return document("DeleteResult", keys.map((key) => `<Deleted>${element("Key", key)}</Deleted>`).join(""));
}

/** The keys of a DeleteObjects request, and whether it wants the deleted ones left out of the answer. */
export function parseDelete(xml: string): { keys: string[]; quiet: boolean } {
  const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => unescapeXml(key ?? ""));
  return { keys, quiet: /<Quiet>\s*true\s*<\/Quiet>/.test(xml) };
}

function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? "" : `<${name}>${escapeXml(String(value))}</${name}>`;
}

function document(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
}
