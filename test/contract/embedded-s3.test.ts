import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { openBodyFiles } from "../../infra/local/embedded/body-files.ts";
import { type EmbeddedClients, embeddedClients } from "../../infra/local/embedded/clients.ts";
import { DataDirInUseError } from "../../infra/local/embedded/data-dir-lock.ts";
import { type ObjectEngine, openObjectEngine } from "../../infra/local/embedded/object-engine.ts";
import { openStore, type Store } from "../../infra/local/embedded/store.ts";
import { s3Cases } from "./s3-cases.ts";

describe("embedded S3", () => {
  let directory: string;
  let clients: EmbeddedClients;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-s3-"));
    clients = await embeddedClients(directory, { queues: [], bucket: "payloads" });
  });
  beforeEach(async () => {
    const keys = clients.objects.list({ limit: 1000 }).map((object) => object.key);
    await clients.objects.delete(keys);
  });
  after(async () => {
    await clients.close();
    await rm(directory, { recursive: true });
  });

  for (const { name, run } of s3Cases) {
    test(name, () => run({ client: clients.s3, bucket: "payloads" }));
  }

  test("what is not supported is refused, not ignored", async () => {
    const listing = new ListObjectsV2Command({ Bucket: "payloads", Delimiter: "/" });
    await assert.rejects(clients.s3.send(listing), { name: "NotImplemented" });
    const put = new PutObjectCommand({ Bucket: "payloads", Key: "a", Body: "x", ChecksumCRC32C: "AAAAAA==" });
    await assert.rejects(clients.s3.send(put), { name: "NotImplemented" });
  });
});

describe("object engine", () => {
  let directory: string;
  let store: Store;
  let objects: ObjectEngine;
  let nowMs: number;
  const large = (fill: string) => Buffer.alloc(100_000, fill);
  const bodyFiles = () => readdir(join(directory, "bodies"));

  function open(): void {
    store = openStore(directory);
    const expiry = [{ prefix: "payloads/", afterSeconds: 60 }];
    objects = openObjectEngine(store, directory, { bucket: "b", expiry, now: () => nowMs });
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-objects-"));
    nowMs = 1_700_000_000_000;
    open();
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  test("expire() deletes what is too old under a rule's prefix, and nothing else", async () => {
    for (const key of ["payloads/1", "payloads/2", "intents/1"]) await objects.put(key, large("a"), {});
    nowMs += 30_000;
    await objects.put("payloads/2", Buffer.from("newer"), {});
    assert.equal(await objects.expire(nowMs + 30_000), 1);
    assert.deepEqual(
      objects.list({ limit: 10 }).map((object) => object.key),
      ["intents/1", "payloads/2"],
    );
  });

  test("objects and their heads are there after a restart", async () => {
    await objects.put("small", Buffer.from("s"), { "content-type": "text/plain" });
    await objects.put("large", large("l"), {});
    const heads = [objects.head("small"), objects.head("large")];
    await store.close();
    open();
    assert.deepEqual([objects.head("small"), objects.head("large")], heads);
    assert.ok((await objects.get("large"))?.body.equals(large("l")));
  });

  test("put() of a large body writes over a file that was given up, never over one in use", async () => {
    for (const fill of "abc") await objects.put(fill, large(fill), {});
    const files = await bodyFiles();
    await objects.delete(["b"]);
    await objects.put("d", large("d"), {});
    assert.deepEqual(await bodyFiles(), files);
    for (const fill of "acd") assert.ok((await objects.get(fill))?.body.equals(large(fill)), fill);
  });

  test("get() gives the body that was there when it was asked, while the object is deleted and its file reused", async () => {
    for (let round = 0; round < 50; round++) {
      await objects.put("a", large("a"), {});
      const reading = objects.get("a");
      await Promise.all([objects.delete(["a"]), objects.put("b", large("b"), {})]);
      await objects.put("c", large("c"), {});
      assert.ok((await reading)?.body.equals(large("a")));
      await objects.delete(["b", "c"]);
    }
  });

  test("BodyFiles does not write over a file that is being read", async () => {
    for (let round = 0; round < 20; round++) {
      const file = await openBodyFiles(join(directory, "bodies"), new Set()).write(large("a"));
      // Another process, as it were: this one has nothing in memory.
      const files = openBodyFiles(join(directory, "bodies"), new Set([file]));
      const reading = files.read(file, 100_000);
      files.release(file);
      const other = await files.write(large("b"));
      assert.notEqual(other, file);
      assert.ok((await reading).equals(large("a")));
      files.release(other);
    }
  });

  test("BodyFiles reads what was written last from memory, up to 8 MiB, and the rest from its file", async () => {
    const bodies = join(directory, "bodies");
    const files = openBodyFiles(bodies, new Set());
    const first = await files.write(Buffer.alloc(5 << 20, "a"));
    const second = await files.write(Buffer.alloc(5 << 20, "b"));
    for (const file of [first, second]) await writeFile(join(bodies, file), "altered");
    await assert.rejects(files.read(first, 5 << 20), /shorter/);
    assert.ok((await files.read(second, 5 << 20)).equals(Buffer.alloc(5 << 20, "b")));
    files.release(second);
    await assert.rejects(files.read(second, 5 << 20), /shorter/);
  });

  test("openBodyFiles() takes over files without an index entry and leaves the others alone", async () => {
    const bodies = join(directory, "bodies");
    await writeFile(join(bodies, "orphan"), "left by a kill");
    await writeFile(join(bodies, "used"), "used");
    const files = openBodyFiles(bodies, new Set(["used"]));
    assert.equal(await files.write(Buffer.from("new")), "orphan");
    assert.equal((await files.read("used", 4)).toString(), "used");
    assert.equal((await files.read("orphan", 3)).toString(), "new");
  });

  test("openStore() refuses a directory that is open already and names DATA_DIR", () => {
    assert.throws(
      () => openStore(directory),
      (error) => error instanceof DataDirInUseError && error.message.includes(`DATA_DIR ${directory}`),
    );
  });

  test("openStore() takes over the lock of a process that is gone", async () => {
    await store.close();
    await writeFile(join(directory, "owner.lock"), "1 0");
    open();
    assert.throws(() => openStore(directory), DataDirInUseError);
  });

  test("write() undoes everything of a transaction that throws, and the store takes no more", async () => {
    const key = Buffer.from("!");
    const failing = store.write((transaction) => {
      transaction.put(key, Buffer.from("half"));
      throw new Error("broken");
    });
    await assert.rejects(failing, /has stopped/);
    await assert.rejects(
      store.write(() => 1),
      /has stopped/,
    );
    await store.close();
    open();
    assert.equal(store.has(key), false);
  });
});
