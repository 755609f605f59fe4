import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type BodyFiles, openBodyFiles } from "./body-files.ts";
import type { KeyRange, Store, StoreReader, StoreTransaction } from "./store.ts";

/** What is known of an object without its body. */
export interface ObjectHead {
  /** Opaque, in quotes as in the header. Not an MD5, which would cost more than everything else here. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly bytes: number;
  /** Content type, encoding and user metadata, by lower-case header name. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ListedObject extends ObjectHead {
  readonly key: string;
}

export interface PutConditions {
  /** `If-None-Match: *` */
  readonly onlyIfAbsent?: boolean;
  /** `If-Match` */
  readonly onlyIfEtag?: string;
}

export interface ListOptions {
  readonly prefix?: string;
  /** Keys after this one, exclusive. */
  readonly after?: string;
  readonly limit: number;
}

export interface ExpiryRule {
  readonly prefix: string;
  readonly afterSeconds: number;
}

/** One bucket on the embedded store. What a promise has answered is durable; keys order by their UTF-8 bytes. */
export interface ObjectEngine {
  readonly bucket: string;
  /** Takes the body over: do not change it before the promise is settled. */
  put(
    key: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    conditions?: PutConditions,
  ): Promise<ObjectHead | "preconditionFailed">;
  get(key: string): Promise<{ head: ObjectHead; body: Buffer } | undefined>;
  head(key: string): ObjectHead | undefined;
  /** Also succeeds for keys that do not exist. */
  delete(keys: readonly string[]): Promise<void>;
  list(options: ListOptions): ListedObject[];
  /** Deletes what the rules say is too old, and says how many that were. */
  expire(nowMs: number): Promise<number>;
}

export interface ObjectEngineOptions {
  readonly bucket: string;
  readonly expiry?: readonly ExpiryRule[];
  /** The clock, in ms. @default Date.now */
  readonly now?: () => number;
}

interface IndexEntry extends ObjectHead {
  /** Undefined where the body is in the store. */
  readonly file?: string;
}

const indexByte = 0x4f;
const bodyByte = 0x42;
const inlineBytesMax = 64 * 1024;
const stepObjects = 500;

/** Opens the bucket; sweeps body files that a kill has left without an index entry. */
export function openObjectEngine(
  store: Store,
  directory: string,
  options: ObjectEngineOptions,
): ObjectEngine {
  const { bucket, expiry = [], now = Date.now } = options;
  const files = openBodyFiles(join(directory, "bodies"), filesInUse(store));

  async function put(
    key: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    conditions: PutConditions = {},
  ): Promise<ObjectHead | "preconditionFailed"> {
    const file = body.length > inlineBytesMax ? await files.write(body) : undefined;
    const { written, freed } = await store.write((transaction) => {
      const old = readEntry(transaction, key);
      if (!isAllowed(old, conditions)) return { written: undefined, freed: file };
      const entry = newEntry(body, headers, now(), file);
      transaction.put(indexKey(key), Buffer.from(JSON.stringify(entry)));
      if (file === undefined) transaction.put(bodyKey(key), body);
      else if (old !== undefined && old.file === undefined) transaction.remove(bodyKey(key));
      return { written: entry, freed: old?.file };
    });
    if (freed !== undefined) files.release(freed);
    return written ?? "preconditionFailed";
  }

  async function remove(keys: readonly string[]): Promise<void> {
    const freed = await store.write((transaction) => keys.flatMap((key) => removeEntry(transaction, key)));
    for (const file of freed) files.release(file);
  }

  async function expireRule(rule: ExpiryRule, nowMs: number): Promise<number> {
    let expired = 0;
    let after: string | undefined;
    for (;;) {
      const step = list(store, {
        prefix: rule.prefix,
        limit: stepObjects,
        ...(after !== undefined && { after }),
      });
      const old = step.filter(({ lastModifiedMs }) => lastModifiedMs + rule.afterSeconds * 1000 <= nowMs);
      if (old.length > 0) await remove(old.map(({ key }) => key));
      expired += old.length;
      after = step.at(-1)?.key;
      if (step.length < stepObjects) return expired;
    }
  }

  return {
    bucket,
    put,
    get: (key) => readObject(store, files, key),
    head: (key) => readEntry(store, key),
    delete: remove,
    list: (listOptions) => list(store, listOptions),
    async expire(nowMs) {
      let expired = 0;
      for (const rule of expiry) expired += await expireRule(rule, nowMs);
      return expired;
    },
  };
}

async function readObject(
  store: Store,
  files: BodyFiles,
  key: string,
): Promise<{ head: ObjectHead; body: Buffer } | undefined> {
  const entry = readEntry(store, key);
  if (entry === undefined) return undefined;
  if (entry.file !== undefined) return { head: entry, body: await files.read(entry.file, entry.bytes) };
  const body = store.get(bodyKey(key));
  if (body === undefined) throw new Error(`The body of object ${key} is missing.`);
  return { head: entry, body };
}

function list(store: Store, { prefix = "", after, limit }: ListOptions): ListedObject[] {
  const range = prefixRange(Buffer.from(prefix), limit);
  const past = after === undefined ? undefined : Buffer.concat([indexKey(after), Buffer.from([0])]);
  const start = past !== undefined && Buffer.compare(past, range.start) > 0 ? past : range.start;
  if (Buffer.compare(start, range.end) >= 0) return [];
  return store
    .entries({ ...range, start })
    .map(({ key, value }) => ({ key: key.toString("utf8", 1), ...parseEntry(value) }));
}

function newEntry(
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  lastModifiedMs: number,
  file: string | undefined,
): IndexEntry {
  const etag = `"${randomBytes(16).toString("hex")}-1"`;
  return { etag, lastModifiedMs, bytes: body.length, headers, ...(file !== undefined && { file }) };
}

function isAllowed(old: IndexEntry | undefined, { onlyIfAbsent, onlyIfEtag }: PutConditions): boolean {
  if (onlyIfAbsent && old !== undefined) return false;
  return onlyIfEtag === undefined || old?.etag === onlyIfEtag;
}

/** The file that nobody needs any more once this is committed, if there is one. */
function removeEntry(transaction: StoreTransaction, key: string): string[] {
  const entry = readEntry(transaction, key);
  if (entry === undefined) return [];
  transaction.remove(indexKey(key));
  if (entry.file !== undefined) return [entry.file];
  transaction.remove(bodyKey(key));
  return [];
}

function readEntry(reader: StoreReader, key: string): IndexEntry | undefined {
  const value = reader.get(indexKey(key));
  return value === undefined ? undefined : parseEntry(value);
}

function parseEntry(value: Buffer): IndexEntry {
  return JSON.parse(value.toString());
}

function filesInUse(store: Store): Set<string> {
  const entries = store.entries(prefixRange(Buffer.alloc(0)));
  return new Set(entries.flatMap(({ value }) => parseEntry(value).file ?? []));
}

function indexKey(key: string): Buffer {
  return Buffer.concat([Buffer.from([indexByte]), Buffer.from(key)]);
}

function bodyKey(key: string): Buffer {
  return Buffer.concat([Buffer.from([bodyByte]), Buffer.from(key)]);
}

/** UTF-8 never contains 0xff, so a prefix followed by it is above every key with the prefix. */
function prefixRange(prefix: Buffer, limit?: number): KeyRange {
  const start = Buffer.concat([Buffer.from([indexByte]), prefix]);
  const end = Buffer.concat([start, Buffer.from([0xff])]);
  return limit === undefined ? { start, end } : { start, end, limit };
}
