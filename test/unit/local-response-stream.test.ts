import assert from "node:assert/strict";
import { once } from "node:events";
import { Writable } from "node:stream";
import { test } from "node:test";
import { ResponseStream } from "../../infra/local/response-stream.ts";

/** Takes its time for each write, and tells what it was asked, and when. */
class SlowBody extends Writable {
  readonly told: string[] = [];

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.told.push("write");
    setTimeout(() => {
      this.told.push("written");
      done();
    }, 10);
  }

  override end(done?: unknown): this {
    this.told.push("end");
    return typeof done === "function" ? super.end(() => done()) : super.end();
  }
}

const prelude = Buffer.from(`{"statusCode":200}${"\0".repeat(8)}`);

test("ResponseStream ends the answer without waiting for its last bytes: they leave together", async () => {
  const body = new SlowBody();
  const stream = new ResponseStream(() => body);
  stream.write(prelude);
  stream.write(Buffer.from("short"));
  stream.end();
  await once(stream, "finish");
  assert.deepEqual(body.told, ["write", "end", "written"]);
});

test("ResponseStream holds its writer back where the client is slow", async () => {
  const body = new SlowBody({ highWaterMark: 1 });
  const stream = new ResponseStream(() => body);
  stream.write(prelude);
  let went = false;
  stream.write(Buffer.from("long"), () => {
    went = true;
  });
  await new Promise(setImmediate);
  assert.equal(went, false);
  stream.end();
  await once(stream, "finish");
  assert.deepEqual(body.told, ["write", "written", "end"]);
});
