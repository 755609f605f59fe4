import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeVersion,
  epochOf,
  isNewer,
  VersionOverflow,
} from "../../functions/core/replication/version.ts";

const termMax = "16383";
const sequenceMax = "1099511627775";

test("encodeVersion() lays out epoch (8), primary term (14) and sequence number (40 bits)", () => {
  assert.equal(encodeVersion("books", 0, "0", "0"), "0");
  assert.equal(encodeVersion("books", 0, "0", "7"), "7");
  assert.equal(encodeVersion("books", 0, "1", "0"), String(2n ** 40n));
  assert.equal(encodeVersion("books", 1, "0", "0"), String(2n ** 54n));
  assert.equal(encodeVersion("books", 3, "5", "9"), String(3n * 2n ** 54n + 5n * 2n ** 40n + 9n));
});

test("encodeVersion() fills exactly 62 bits at its limits, digit for digit", () => {
  assert.equal(encodeVersion("books", 255, termMax, sequenceMax), String(2n ** 62n - 1n));
  // Beyond 2^53: a JavaScript number would round these two to the same value.
  assert.notEqual(
    encodeVersion("books", 200, "2", "1099511627774"),
    encodeVersion("books", 200, "2", sequenceMax),
  );
});

test("encodeVersion() refuses what does not fit, naming the index, and never wraps", () => {
  const tooMuch: readonly [number, string, string][] = [
    [0, "1", "1099511627776"],
    [0, "1", "9223372036854775807"],
    [0, "1", "-1"],
    [0, "1", "-2"],
    [0, "16384", "0"],
    [0, "-1", "0"],
    [256, "1", "0"],
    [-1, "1", "0"],
  ];
  for (const [epoch, term, sequence] of tooMuch) {
    assert.throws(
      () => encodeVersion("the-index", epoch, term, sequence),
      (error) => error instanceof VersionOverflow && error.message.includes("[the-index]"),
      `${epoch} ${term} ${sequence}`,
    );
  }
});

test("encodeVersion() refuses an overflow again after the same term's neighbours were accepted", () => {
  encodeVersion("books", 0, termMax, "1");
  assert.throws(() => encodeVersion("books", 0, "16384", "1"), VersionOverflow);
  assert.throws(() => encodeVersion("books", 0, termMax, "1099511627776"), VersionOverflow);
  assert.equal(encodeVersion("books", 0, termMax, "1"), String(16383n * 2n ** 40n + 1n));
});

test("encodeVersion() keeps many terms apart, more than it remembers", () => {
  const versions = Array.from({ length: 2500 }, (_, term) => encodeVersion("books", 1, String(term), "3"));
  assert.equal(new Set(versions).size, versions.length);
  assert.equal(versions[2000], encodeVersion("books", 1, "2000", "3"));
});

test("epochOf() gives back the operator epoch", () => {
  for (const epoch of [0, 1, 7, 255]) {
    assert.equal(epochOf(encodeVersion("books", epoch, termMax, sequenceMax)), epoch);
    assert.equal(epochOf(encodeVersion("books", epoch, "0", "0")), epoch);
  }
});

test("isNewer() orders versions as numbers: epoch before term before sequence number", () => {
  const ordered = [
    encodeVersion("books", 0, "0", "0"),
    encodeVersion("books", 0, "0", "9"),
    encodeVersion("books", 0, "0", "10"),
    encodeVersion("books", 0, "0", sequenceMax),
    encodeVersion("books", 0, "1", "0"),
    encodeVersion("books", 0, "2", "0"),
    encodeVersion("books", 0, termMax, sequenceMax),
    encodeVersion("books", 1, "0", "0"),
    encodeVersion("books", 255, termMax, sequenceMax),
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(isNewer(a, b), i > j, `${a} > ${b}`);
      assert.equal(isNewer(a, b), BigInt(a) > BigInt(b));
    }
  }
});
