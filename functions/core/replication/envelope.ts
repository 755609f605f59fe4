import { isUtf8 } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ObjectStore } from "../payload/port.ts";
import type { OutgoingMessage } from "../queue/port.ts";
import { type Compression, compressed, expanded } from "./compression.ts";
import { type Header, headerOf, type PayloadPointer } from "./header.ts";
import type { ReplicationRecord } from "./record.ts";

/** How record bodies are stored. */
export interface EnvelopeSettings {
  /** Compressed where bytes are paid for; `plain` on the embedded queue, where compressing costs most. */
  readonly encoding: Compression | "plain";
  /** A message body up to this size is sent inline; a larger record's body becomes a payload. */
  readonly inlineBytesMax: number;
  /** Key prefix of payloads in the bucket. */
  readonly payloadPrefix: string;
}

/** A record's body, mostly a payload, is missing, cut or altered: never a success, its documents must be reconciled. */
export class PayloadLost extends Error {
  override readonly name = "PayloadLost";
}

/** SQS accepts `#x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD` and above (SendMessage, "MessageBody"). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters SQS refuses
const refusedBySqs = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

/**
 * A record as a queue message: a JSON header line, then the body, inline or as a pointer to a payload
 * that is durable before this resolves.
 */
export async function seal(
  record: ReplicationRecord,
  body: Buffer,
  settings: EnvelopeSettings,
  payloads: ObjectStore,
): Promise<OutgoingMessage> {
  const group = groupOf(record);
  if (body.length === 0) return { body: line(headerOf(record, { encoding: "none" })), group };
  const { encoding } = settings;
  if (encoding === "plain") {
    const inline = body.length <= settings.inlineBytesMax ? plainText(record, body, settings) : undefined;
    return { body: inline ?? (await offload(record, encoding, body, settings, payloads)), group };
  }
  const packed = await compressed(encoding, body);
  const header = line(headerOf(record, { encoding, checksum: checksum("crc32", packed) }));
  if (Buffer.byteLength(header) + Math.ceil(packed.length / 3) * 4 <= settings.inlineBytesMax) {
    return { body: header + packed.toString("base64"), group };
  }
  return { body: await offload(record, encoding, packed, settings, payloads), group };
}

/** The message with the body's text in it; `undefined` when it is too long or not what SQS takes. */
function plainText(record: ReplicationRecord, body: Buffer, settings: EnvelopeSettings): string | undefined {
  const header = line(headerOf(record, { encoding: "plain" }));
  if (Buffer.byteLength(header) + body.length > settings.inlineBytesMax || !isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  return refusedBySqs.test(text) ? undefined : header + text;
}

async function offload(
  record: ReplicationRecord,
  encoding: EnvelopeSettings["encoding"],
  stored: Buffer,
  settings: EnvelopeSettings,
  payloads: ObjectStore,
): Promise<string> {
  // A fresh key each time: a payload belongs to exactly one message, so removing it can harm no other.
  const id = randomUUID();
  const pointer: PayloadPointer = {
    id,
    bytes: stored.length,
    checksum: checksum(encoding === "plain" ? "crc32" : "sha256", stored),
  };
  await payloads.put(settings.payloadPrefix + id, stored);
  return line(headerOf(record, { encoding, payload: pointer }));
}

/**
 * The record's body as bytes, from the message or from its payload.
 * @throws PayloadLost when the payload is not there, or it or the inline body is not what was sealed.
 */
export async function unseal(
  header: Header,
  inline: string,
  payloadPrefix: string,
  payloads: ObjectStore,
): Promise<Buffer> {
  const { encoding, payload, checksum: sum } = header.body;
  if (encoding === "none") return Buffer.alloc(0);
  if (payload === undefined) {
    if (encoding === "plain") return Buffer.from(inline, "utf8");
    const packed = Buffer.from(inline, "base64");
    // Gateways before the checksum sent gzip alone, which has one of its own.
    const isIntact = sum === undefined ? encoding === "gzip" : matches(packed, sum);
    if (!isIntact) throw new PayloadLost("the body is not what was sent");
    return opened(encoding, packed);
  }
  const stored = await payloads.get(payloadPrefix + payload.id);
  if (stored === undefined) throw new PayloadLost(`payload [${payload.id}] is missing`);
  if (stored.length !== payload.bytes || !matches(stored, payload.checksum)) {
    throw new PayloadLost(`payload [${payload.id}] is not what was stored`);
  }
  return encoding === "plain" ? stored : opened(encoding, stored);
}

async function opened(encoding: Compression, packed: Buffer): Promise<Buffer> {
  try {
    return await expanded(encoding, packed);
  } catch (error) {
    throw new PayloadLost("the body cannot be decompressed", { cause: error });
  }
}

/**
 * What tells bytes that were altered or cut from those that were stored: SHA-256 in a bucket, which others may
 * reach; CRC-32 in this host's own directory, where only disks alter it (SHA-256 of a megabyte, written and read,
 * is 2.6 ms of CPU, a tenth of the whole path), and in a message, where Brotli has no check of its own.
 */
function checksum(algorithm: "crc32" | "sha256", bytes: Buffer): string {
  if (algorithm === "crc32") return `crc32-${crc32(bytes).toString(16)}`;
  return `sha256-${createHash("sha256").update(bytes).digest("base64url")}`;
}

function matches(bytes: Buffer, sum: string): boolean {
  return checksum(sum.startsWith("crc32-") ? "crc32" : "sha256", bytes) === sum;
}

function line(header: Header): string {
  // JSON escapes control characters by itself; these two are the rest of what SQS refuses.
  return `${JSON.stringify(header).replace(/[\uFFFE\uFFFF]/g, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}

function groupOf(record: ReplicationRecord): string {
  switch (record.kind) {
    case "apply":
      return groupName(record.incarnation.index);
    case "reconcile":
      return groupName(record.keys[0]?.index ?? "");
    case "reconcile-index":
      return groupName(record.index);
    case "define":
      return groupName(record.pattern);
  }
}

/** SQS: a MessageGroupId has 1 to 128 characters, alphanumeric or punctuation (SendMessage). */
function groupName(index: string): string {
  return index.replace(/[^\x21-\x7E]/g, "_").slice(0, 128) || "_";
}
