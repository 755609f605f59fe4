import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { brotliCompressSync, constants, crc32, gzipSync } from "node:zlib";
import {
  type EnvelopeSettings,
  PayloadLost,
  seal,
  unseal,
} from "../../functions/core/replication/envelope.ts";
import { headerOf, parseMessage, recordOf } from "../../functions/core/replication/header.ts";
import type { ApplyRecord, ReplicationRecord } from "../../functions/core/replication/record.ts";
import { fakeObjectStore } from "../support/fake-object-store.ts";

const encodings = ["plain", "gzip", "brotli"] as const;

/** What SQS takes in a body (SendMessage). */
const sqsCharacters = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

const record: ApplyRecord = {
  kind: "apply",
  writtenAtMs: 1,
  incarnation: { index: "books", uuid: "u", createdMs: 0 },
  manifest: [{ id: "1", routing: undefined, version: "7", deletes: false, bytes: 3 }],
};

function envelope(encoding: EnvelopeSettings["encoding"], inlineBytesMax = 458_752) {
  const settings: EnvelopeSettings = { encoding, inlineBytesMax, payloadPrefix: "payloads/" };
  const store = fakeObjectStore();
  const sealed = (body: Buffer) => seal(record, body, settings, store);
  const opened = async (message: string) => {
    const { header, inline } = parseMessage(message);
    assert.deepEqual(recordOf(header), record);
    return { header, body: await unseal(header, inline, settings.payloadPrefix, store) };
  };
  return { store, sealed, opened };
}

const bodies: Readonly<Record<string, Buffer>> = {
  "plain text": Buffer.from('{"index":{}}\n{"s":"é 漢 😀"}\n'),
  "a NUL byte": Buffer.from('{"s":"\u0000"}\n'),
  "control characters": Buffer.from('{"s":"\u0001\u001f\u000b"}\n'),
  "U+FFFF": Buffer.from('{"s":"\uFFFF"}\n'),
  "U+FFFE": Buffer.from('{"s":"\uFFFE"}\n'),
  "bytes that are no UTF-8": Buffer.from([0x7b, 0xff, 0xfe, 0xc3, 0x28, 0x7d, 0x0a]),
  "a byte order mark": Buffer.from('\uFEFF{"a":1}\n'),
  "carriage returns": Buffer.from("{}\r\n{}\r\n"),
  "a body far above the limit": randomBytes(600_000),
};

for (const encoding of encodings) {
  for (const [what, body] of Object.entries(bodies)) {
    test(`seal() and unseal() (${encoding}) carry ${what} byte for byte, in characters that SQS takes`, async () => {
      const { sealed, opened } = envelope(encoding);
      const message = await sealed(body);
      assert.match(message.body, sqsCharacters);
      assert.ok(Buffer.byteLength(message.body) <= 458_752 * 1.5);
      assert.deepEqual((await opened(message.body)).body, body);
    });
  }
}

test("seal() sends text inline and leaves the store alone; bytes that SQS refuses become a payload", async () => {
  const { store, sealed } = envelope("plain");
  await sealed(Buffer.from('{"a":"é"}\n'));
  assert.equal(store.objects.size, 0);
  await sealed(Buffer.from([0xff, 0x0a]));
  await sealed(Buffer.from("\u0001\n"));
  assert.equal(store.objects.size, 2);
});

test("seal() moves a body above the inline limit to a payload under the prefix, durable before it resolves", async () => {
  for (const encoding of encodings) {
    const { store, sealed, opened } = envelope(encoding, 2000);
    const body = encoding === "plain" ? Buffer.from("x".repeat(4000)) : randomBytes(4000);
    const message = await sealed(body);
    const [key] = store.objects.keys();
    assert.ok(key?.startsWith("payloads/"), key);
    assert.ok(message.body.length < 2000);
    assert.deepEqual((await opened(message.body)).body, body);
    store.failWith(new Error("no space"));
    await assert.rejects(sealed(body), /no space/);
  }
});

test("seal() gives each payload a key of its own, so that removing one harms no other record", async () => {
  const { store, sealed } = envelope("plain", 1024);
  const body = Buffer.from("y".repeat(4000));
  await Promise.all([sealed(body), sealed(body)]);
  assert.equal(store.objects.size, 2);
});

test("seal() of a record without a body is its header line alone", async () => {
  const { store, sealed, opened } = envelope("gzip");
  const message = await sealed(Buffer.alloc(0));
  assert.equal(message.body.split("\n").length, 2);
  assert.equal(store.objects.size, 0);
  assert.equal((await opened(message.body)).body.length, 0);
});

test("seal() groups by index, in characters that a MessageGroupId may have", async () => {
  const store = fakeObjectStore();
  const settings: EnvelopeSettings = { encoding: "plain", inlineBytesMax: 1e5, payloadPrefix: "p/" };
  const group = async (index: string) => {
    const define = { kind: "define", writtenAtMs: 1, reason: "r", pattern: index } as const;
    return (await seal(define, Buffer.alloc(0), settings, store)).group;
  };
  assert.equal(await group("books"), "books");
  assert.match(await group("日本語 с"), /^[\x21-\x7E]{1,128}$/);
  assert.equal((await group("b".repeat(300))).length, 128);
  assert.match(await group(""), /^[\x21-\x7E]{1,128}$/);
  const message = await seal(record, Buffer.alloc(0), settings, store);
  assert.equal(message.group, "books");
});

test("seal() escapes in the header what SQS refuses: ids, routings, reasons and names may hold any character", async () => {
  const odd = "a\uFFFEb\uFFFFc\u0000d\u001F\u2028é😀";
  const store = fakeObjectStore();
  const manifest = [{ id: odd, routing: odd, version: "7", deletes: true, bytes: 3 }];
  const records: readonly ReplicationRecord[] = [
    { ...record, manifest },
    {
      kind: "reconcile",
      writtenAtMs: 1,
      reason: odd,
      keys: [{ index: odd, id: odd, routing: odd }],
      looksLeft: 0,
    },
    { kind: "define", writtenAtMs: 1, reason: odd, pattern: odd },
  ];
  for (const encoding of encodings) {
    const settings: EnvelopeSettings = { encoding, inlineBytesMax: 1e5, payloadPrefix: "p/" };
    for (const each of records) {
      const message = await seal(each, Buffer.from("{}\n"), settings, store);
      assert.match(message.body, sqsCharacters);
      assert.deepEqual(recordOf(parseMessage(message.body).header), each);
    }
  }
});

test("unseal() throws PayloadLost when an inline body is cut or altered", async () => {
  for (const encoding of ["gzip", "brotli"] as const) {
    const { sealed, opened } = envelope(encoding);
    const { body } = await sealed(Buffer.from('{"index":{}}\n{"s":"some text"}\n'));
    const start = body.indexOf("\n") + 1;
    const packed = Buffer.from(body.slice(start), "base64");
    for (let at = 0; at < packed.length; at++) {
      const altered = Buffer.from(packed);
      altered[at] = (altered[at] ?? 0) ^ 0x10;
      await assert.rejects(opened(body.slice(0, start) + altered.toString("base64")), PayloadLost);
    }
    await assert.rejects(opened(body.slice(0, -8)), PayloadLost);
    const unchecked = body.replace(/"checksum":"[^"]*"/, '"was":0');
    if (encoding === "brotli") await assert.rejects(opened(unchecked), PayloadLost);
    await assert.rejects(opened(body.slice(0, start)), PayloadLost);
  }
});

test("unseal() reads a compressed body without a checksum, as gateways before it was there sent them", async () => {
  const { sealed, opened } = envelope("gzip");
  const text = '{"index":{}}\n{"s":"some text"}\n';
  const [head = "", packed] = (await sealed(Buffer.from(text))).body.split("\n");
  const header = JSON.parse(head);
  delete header.body.checksum;
  assert.equal((await opened(`${JSON.stringify(header)}\n${packed}`)).body.toString(), text);
  const damaged = gzipSync(text);
  damaged.writeUInt32LE(0, damaged.length - 8);
  await assert.rejects(opened(`${JSON.stringify(header)}\n${damaged.toString("base64")}`), PayloadLost);
});

test("unseal() throws PayloadLost for a body that expands beyond any bulk, having expanded no more", async () => {
  // Members of one gzip stream, each 16 MiB of nothing; 257 MiB would be one too many.
  const member = gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 1 });
  const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
  const bombs = {
    gzip: Buffer.concat(Array.from({ length: 32 }, () => member)),
    brotli: brotliCompressSync(Buffer.alloc(257 * 1024 * 1024), { params }),
  };
  for (const [encoding, bomb] of Object.entries(bombs)) {
    const { opened } = envelope("plain");
    const checksum = `crc32-${crc32(bomb).toString(16)}`;
    const header = { ...headerOf(record, { encoding: "none" }), body: { encoding, checksum } };
    await assert.rejects(opened(`${JSON.stringify(header)}\n${bomb.toString("base64")}`), PayloadLost);
  }
});

test("unseal() throws PayloadLost when the payload is missing, cut or altered", async () => {
  for (const encoding of encodings) {
    const { store, sealed, opened } = envelope(encoding, 1024);
    const message = await sealed(randomBytes(5000));
    const [[key, stored] = []] = store.objects;
    assert.ok(key && stored);
    const lost = () => assert.rejects(opened(message.body), PayloadLost);
    store.objects.set(key, { ...stored, body: stored.body.subarray(0, -1) });
    await lost();
    const altered = Buffer.from(stored.body);
    altered[100] = (altered[100] ?? 0) ^ 1;
    store.objects.set(key, { ...stored, body: altered });
    await lost();
    store.objects.set(key, { ...stored, body: Buffer.alloc(0) });
    await lost();
    store.objects.delete(key);
    await lost();
    store.objects.set(key, stored);
    assert.equal((await opened(message.body)).body.length, 5000);
  }
});
