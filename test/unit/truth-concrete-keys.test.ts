import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { concreteKeys } from "../../functions/core/truth/concrete-keys.ts";
import { clusterError, noAnswer } from "../support/fake-cluster.ts";
import { fakePrimary } from "../support/fake-primary.ts";

const key = (index: string, id: string, routing?: string) => ({ index, id, routing });

function primaryWith() {
  return fakePrimary({
    "books-1": { uuid: "u1", aliases: { books: {}, seven: { index_routing: "7", search_routing: "7" } } },
    "books-2": { uuid: "u2", aliases: { books: { is_write_index: true } } },
    films: { uuid: "u3" },
  });
}

test("concreteKeys() leaves the keys of an index as they are, in their order", async () => {
  const keys = [key("films", "1"), key("books-1", "2", "r"), key("films", "3")];
  assert.deepEqual(await concreteKeys(primaryWith().cluster, keys), keys);
});

test("concreteKeys() looks behind an alias in each of its indices: the write went to one of them", async () => {
  assert.deepEqual(await concreteKeys(primaryWith().cluster, [key("books", "1", "r"), key("films", "2")]), [
    key("books-1", "1", "r"),
    key("books-2", "1", "r"),
    key("films", "2"),
  ]);
});

test("concreteKeys() adds the routing that the alias adds to a write, unless the write had its own", async () => {
  const keys = [key("seven", "1"), key("seven", "2", "own"), key("books-1", "3")];
  assert.deepEqual(await concreteKeys(primaryWith().cluster, keys), [
    key("books-1", "1", "7"),
    key("books-1", "2", "own"),
    key("books-1", "3"),
  ]);
});

test("concreteKeys() leaves out what PRIMARY does not know", async () => {
  assert.deepEqual(await concreteKeys(primaryWith().cluster, [key("gone", "1"), key("films", "2")]), [
    key("films", "2"),
  ]);
});

test("concreteKeys() asks once for each name", async () => {
  const { cluster } = primaryWith();
  await concreteKeys(
    cluster,
    ["1", "2", "3"].flatMap((id) => [key("books", id), key("films", id)]),
  );
  assert.equal(cluster.requests.length, 2);
  await concreteKeys(cluster, []);
  assert.equal(cluster.requests.length, 2);
});

test("concreteKeys() throws when PRIMARY cannot say: no key may be taken for gone then", async () => {
  const { cluster } = primaryWith();
  cluster.answer(noAnswer("primary", "timeout"));
  await assert.rejects(concreteKeys(cluster, [key("films", "1")]), ClusterError);
  cluster.answer(() => clusterError(503, "no_master"));
  await assert.rejects(concreteKeys(cluster, [key("films", "1")]), ClusterAnswerError);
});
