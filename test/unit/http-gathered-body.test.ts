import assert from "node:assert/strict";
import { test } from "node:test";
import { GatheredBody } from "../../functions/core/http/gathered-body.ts";

/** A piece with memory of its own, as Node's HTTP parser makes them. */
function piece(text: string): Buffer {
  const own = Buffer.from(new ArrayBuffer(text.length));
  own.write(text);
  return own;
}

function gathered(
  declared: number | undefined,
  ...texts: string[]
): { body: GatheredBody; pieces: Buffer[] } {
  const body = new GatheredBody(declared);
  const pieces = texts.map(piece);
  for (const one of pieces) body.add(one);
  return { body, pieces };
}

test("a body is its pieces in their order, whether a length was declared or not, and whether it is true or not", () => {
  for (const declared of [undefined, 9, 5, 20, 0, 2 ** 52]) {
    const { body } = gathered(declared, "abc", "def", "ghi");
    assert.equal(body.length, 9);
    assert.equal(body.bytes().toString(), "abcdefghi", String(declared));
  }
  assert.equal(gathered(undefined).body.bytes().length, 0);
  assert.equal(gathered(3).body.bytes().length, 0);
});

test("the memory of a copied piece is given back at once", () => {
  const { body, pieces } = gathered(6, "abc", "def");
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [0, 0],
  );
  assert.equal(body.bytes().toString(), "abcdef");
});

test("a body of one piece is that very piece", () => {
  for (const declared of [undefined, 3]) {
    const { body, pieces } = gathered(declared, "abc");
    assert.equal(body.bytes(), pieces[0]);
    assert.equal(pieces[0]?.toString(), "abc");
  }
});

test("a piece that shares its memory with others is copied and stays", () => {
  const shared = piece("abcdef");
  const body = new GatheredBody(6);
  body.add(shared.subarray(0, 3));
  body.add(shared.subarray(3));
  assert.equal(body.bytes().toString(), "abcdef");
  assert.equal(shared.toString(), "abcdef");
});
