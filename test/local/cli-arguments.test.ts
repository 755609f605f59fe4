import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { canonicalJson, sameJson } from "../../infra/cli/canonical-json.ts";
import { announceGateway, findGateway } from "../../infra/cli/gateway-file.ts";
import { judgeDocument } from "../../infra/cli/judge-document.ts";
import { commandNames } from "../../infra/cli/usage.ts";
import { understudy } from "./cli-process.ts";

const folder = await mkdtemp(join(tmpdir(), "understudy-cli-"));
after(() => rm(folder, { recursive: true, force: true }));

test("understudy: --help of each command is its own text, with exit code 0", async () => {
  const texts = await Promise.all(commandNames.map((name) => understudy({}, ...name.split(" "), "--help")));
  for (const [i, { code, stdout }] of texts.entries()) {
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`understudy ${commandNames[i]}`), stdout.slice(0, 80));
  }
  assert.match((await understudy({})).stdout, /understudy seed/);
});

test("understudy: an unknown command, option or number is refused with the usage and exit code 2", async () => {
  const wrong: [string[], RegExp][] = [
    [["verfy"], /no command \[verfy\]/],
    [["dead-letters", "purge"], /no command \[dead-letters purge\]/],
    [["verify", "--repiar"], /Unknown option '--repiar'/],
    [["verify", "books"], /Unexpected argument 'books'/],
    [["verify", "--looks", "many"], /--looks must be a whole number; it is \[many\]/],
    [["seed", "--index"], /--index/],
  ];
  for (const [words, problem] of wrong) {
    const { code, stdout, stderr } = await understudy({}, ...words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, problem);
    assert.match(stderr, /understudy (verify|seed|status)/);
  }
});

test("understudy: without a gateway each command says what to set, with exit code 2, and makes nothing", async () => {
  const environment = { DATA_DIR: join(folder, "none"), PORT: "9" };
  for (const name of commandNames) {
    const { code, stderr } = await understudy(environment, ...name.split(" "));
    assert.equal(code, 2, `${name}: ${stderr}`);
    assert.match(stderr, /--data-dir/, name);
    assert.doesNotMatch(stderr, /\n {4}at /, name);
  }
  assert.deepEqual(await readdir(folder), []);
});

test("understudy --json: a failure is one JSON document on standard output", async () => {
  const { code, json } = await understudy({ DATA_DIR: join(folder, "none") }, "verify", "--json");
  assert.equal(code, 2);
  assert.match(JSON.stringify(json()), /"error":/);
});

test("findGateway() believes the file of a live process only", async () => {
  const withdraw = announceGateway(folder, "0.0.0.0", 18000);
  assert.deepEqual(findGateway(folder), { url: "http://127.0.0.1:18000", pid: process.pid });
  withdraw();
  assert.equal(findGateway(folder), undefined);
  await writeFile(
    join(folder, "gateway.json"),
    JSON.stringify({ url: "http://127.0.0.1:1", pid: 2 ** 22 + 1 }),
  );
  assert.equal(findGateway(folder), undefined);
  await rm(join(folder, "gateway.json"));
});

test("announceGateway() leaves a successor's file alone when it withdraws", async () => {
  const withdraw = announceGateway(folder, "127.0.0.1", 18000);
  await writeFile(
    join(folder, "gateway.json"),
    JSON.stringify({ url: "http://127.0.0.1:18001", pid: process.ppid }),
  );
  withdraw();
  assert.equal(findGateway(folder)?.url, "http://127.0.0.1:18001");
  await rm(join(folder, "gateway.json"));
});

test("canonicalJson() keeps every digit and every member, and nothing of the spelling", () => {
  const same: [string, string][] = [
    ['{"a":1,"b":[true,null]}', ' { "b" : [ true , null ] , "a" : 1 } '],
    ['{"é":"\\u00e9"}', '{"\\u00e9":"é"}'],
    ['"a\\/b"', '"a/b"'],
  ];
  for (const [a, b] of same) assert.ok(sameJson(Buffer.from(a), Buffer.from(b)), `${a} ${b}`);
  const different: [string, string][] = [
    ['{"n":9007199254740993}', '{"n":9007199254740992}'],
    ['{"n":1.0}', '{"n":1}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"a":1,"a":2}', '{"a":2,"a":1}'],
    ["[1,2]", "[2,1]"],
    ['{"a":"1"}', '{"a":1}'],
  ];
  for (const [a, b] of different) assert.ok(!sameJson(Buffer.from(a), Buffer.from(b)), `${a} ${b}`);
  assert.equal(canonicalJson(Buffer.from('{"b":-0.0e1,"a":{}}')), '{"a":{},"b":-0.0e1}');
});

const key = { index: "books", id: "1", routing: undefined };
const rules = { epoch: 0, comparable: true };

function stored(seqNo: number, version: string, source: string) {
  const found = { kind: "found", index: "books", id: "1", routing: undefined } as const;
  return { ...found, version, seqNo: String(seqNo), primaryTerm: "1", source: Buffer.from(source) };
}

function versionOf(seqNo: number, epoch = 0): string {
  return ((BigInt(epoch) << 54n) + (1n << 40n) + BigInt(seqNo)).toString();
}

test("judgeDocument() takes an equal version with an equal source, and a newer one only with an equal source", () => {
  const truth = stored(5, "1", '{"n":1}');
  const judged = (version: string, source: string, epoch = 0) =>
    judgeDocument(key, truth, stored(0, version, source), { ...rules, epoch })?.reason;
  assert.equal(judged(versionOf(5), '{"n":1}'), undefined);
  assert.equal(judged(versionOf(5), '{"n":2}'), "another document on BACKUP");
  assert.equal(judged(versionOf(6), '{ "n": 1 }'), undefined);
  assert.equal(judged(versionOf(6), '{"n":2}'), "another document on BACKUP");
  assert.equal(judged(versionOf(4), '{"n":1}'), "an older version on BACKUP");
  assert.equal(judged(versionOf(5), '{"n":1}', 3), undefined, "written under an earlier epoch");
  assert.equal(judged(versionOf(4), '{"n":1}', 3), "an older version on BACKUP");
});

test("judgeDocument() tells missing from extra, and routing counts", () => {
  const missing = { kind: "missing", index: "books" } as const;
  const truth = stored(5, "1", "{}");
  assert.equal(judgeDocument(key, truth, missing, rules)?.kind, "missing");
  assert.equal(judgeDocument(key, truth, { kind: "no-index" }, rules)?.kind, "missing");
  assert.equal(judgeDocument(key, missing, truth, rules)?.kind, "extra");
  assert.equal(judgeDocument(key, missing, missing, rules), undefined);
  const elsewhere = { ...stored(0, versionOf(5), "{}"), routing: "a" };
  assert.equal(judgeDocument(key, truth, elsewhere, rules)?.kind, "different");
  assert.throws(() => judgeDocument(key, truth, { kind: "unreadable", reason: "red" }, rules), /BACKUP.*red/);
});
