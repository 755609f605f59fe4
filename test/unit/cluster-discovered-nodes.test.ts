import assert from "node:assert/strict";
import { test } from "node:test";
import { discoveredAddresses } from "../../functions/core/cluster/discovered-nodes.ts";

const at = (address: unknown, roles: unknown = ["data"]) => ({ roles, http: { publish_address: address } });

test("discoveredAddresses() reads every form of publish_address, with the seed's scheme", () => {
  const nodes = {
    a: at("10.0.0.1:9200"),
    b: at("es-2.example/10.0.0.2:9201"),
    c: at("[2001:db8::1]:9200"),
    d: at("es-3.example/[2001:db8::2]:9200"),
    again: at("10.0.0.1:9200"),
  };
  assert.deepEqual(
    discoveredAddresses(nodes, "https:").map(({ href }) => href),
    [
      "https://10.0.0.1:9200/",
      "https://es-2.example:9201/",
      "https://[2001:db8::1]:9200/",
      "https://es-3.example:9200/",
    ],
  );
});

test("discoveredAddresses() leaves out managers, wildcard addresses and what it cannot read", () => {
  const nodes = {
    manager: at("10.0.0.1:9200", ["master"]),
    voter: at("10.0.0.1:9200", ["cluster_manager", "voting_only"]),
    any: at("0.0.0.0:9200"),
    any6: at("[::]:9200"),
    starting: { roles: ["data"] },
    odd: at(7),
    worse: at("not an address"),
    nothing: null,
    hot: at("10.0.0.9:9200", ["master", "data_hot"]),
    coordinating: at("10.0.0.8:9200", []),
  };
  assert.deepEqual(
    discoveredAddresses(nodes, "http:").map(({ host }) => host),
    ["10.0.0.9:9200", "10.0.0.8:9200"],
  );
  assert.deepEqual(discoveredAddresses(undefined, "http:"), []);
});
