import assert from "node:assert/strict";
import { test } from "node:test";
import { queryFrom } from "../../functions/core/http/query.ts";
import { parseQuery, parseTarget } from "../../infra/local/rest-api-event.ts";

/** How Elasticsearch and OpenSearch read a query (RestUtils.decodeQueryString): a map whose last value wins. */
function readAsElasticsearch(query: string): Map<string, string> {
  const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
  const parameters = new Map<string, string>();
  for (const piece of query.split(/[&;]/)) {
    const mark = piece.indexOf("=");
    const [name, value] =
      mark > 0 ? [piece.slice(0, mark), piece.slice(mark + 1)] : [mark === 0 ? piece.slice(1) : piece, ""];
    if (name !== "") parameters.set(decode(name), decode(value));
  }
  return parameters;
}

function rebuilt(query: string): string {
  const parameters = parseQuery(query);
  assert.ok(parameters !== undefined, `not parsed: ${query}`);
  return queryFrom({ multiValueQueryStringParameters: Object.fromEntries(parameters) });
}

/** A small linear congruential generator, so that a failure repeats. */
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
}

test("queryFrom() means the same to Elasticsearch as the query that API Gateway decoded", () => {
  const alphabet = "a b+c&=;%/?#:@,!$'()*[]{}|\\\"<>^`~-_.é€\u{1f600}0\n\u0000".match(/./gsu) ?? [];
  const raw = "abc+=,:/@!$'()*~-_.?0&&&=".split("");
  const random = randomBelow(20_261_122);
  for (let round = 0; round < 5_000; round += 1) {
    let query = "";
    for (let length = random(14); length > 0; length -= 1) {
      query +=
        random(2) === 0
          ? (raw[random(raw.length)] ?? "")
          : encodeURIComponent(alphabet[random(alphabet.length)] ?? "");
    }
    assert.deepEqual(
      sorted(readAsElasticsearch(rebuilt(query))),
      sorted(readAsElasticsearch(query)),
      `query: ${query}`,
    );
  }
});

function sorted(parameters: Map<string, string>): [string, string][] {
  return [...parameters].sort(([left], [right]) => (left < right ? -1 : 1));
}

test("queryFrom() keeps each value, flag and repetition, and what a query may hold unencoded", () => {
  const cases: [string, string][] = [
    ["pretty", "pretty"],
    ["pretty=", "pretty"],
    ["q=a+b", "q=a%20b"],
    ["q=a%2Bb", "q=a%2Bb"],
    ["q=a%26b%3Dc", "q=a%26b%3Dc"],
    ["filter_path=took,hits.**,-_shards&sort=a:desc", "filter_path=took,hits.**,-_shards&sort=a:desc"],
    ["q=%252C", "q=%252C"],
    ["index=a&index=b", "index=a&index=b"],
    ["q=%3B", "q=%3B"],
    ["__proto__=1&constructor=2", "__proto__=1&constructor=2"],
    ["", ""],
  ];
  for (const [query, expected] of cases) assert.equal(rebuilt(query), expected);
  assert.equal(queryFrom({ multiValueQueryStringParameters: null }), "");
});

test("parseTarget() keeps the path exactly as it was encoded", () => {
  for (const path of [
    "/",
    "/%3Clogs-%7Bnow%2Fd%7D%3E/_doc/a%2Fb%25%3F%23",
    "/i/_doc/a+b%20c",
    "/i/_doc/..a",
    "/i/_doc/C%3A%5Cdir",
    "/a//b",
  ]) {
    const target = parseTarget(`${path}?pretty`);
    assert.equal(target.kind === "accepted" ? target.path : target.reason, path);
  }
});

test("parseTarget() refuses other forms, parent segments, control characters, backslashes and bad encoding", () => {
  for (const target of [
    "",
    "*",
    "http://elsewhere/_search",
    "?q",
    "/..",
    "/a/../_cluster/settings",
    "/a/%2e%2E/_cluster",
    "/a/.%2e",
    "/a/..%2f_cluster",
    "/a/..%5c_cluster",
    "/a\\b",
    "/a%00",
    "/a%0d%0aHost:%20b",
    "/a%7f",
    "/a%",
    "/a%zz",
    "/a%ff",
    "/a#b",
    "/a?q=%",
    "/a?%zz",
  ]) {
    assert.equal(parseTarget(target).kind, "refused", target);
  }
});
