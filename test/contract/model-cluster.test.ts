import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BufferList } from "../../functions/core/cluster/buffer-list.ts";
import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { asCluster, createMemoryCluster } from "../model/cluster/memory-cluster.ts";
import { type ContractCase, contractCases, type Step } from "../model/contract-cases.ts";
import { createRandom } from "../model/random.ts";
import { usePair } from "../support/servers.ts";

/** Anything that the cases can be put to. */
interface Target {
  send(request: ClusterRequest): Promise<{ readonly status: number; readonly text: string }>;
  wait(ms: number): Promise<void>;
}

function requestOf(step: Step, index: string): ClusterRequest {
  const named = (text: string) => text.replaceAll("INDEX", index);
  const [method = "", path = ""] = step.request.split(" ");
  const lines = Array.isArray(step.body);
  const json = (value: unknown) => named(JSON.stringify(value));
  const body = Array.isArray(step.body)
    ? step.body.map((line: unknown) => `${json(line)}\n`).join("")
    : step.body === undefined
      ? undefined
      : json(step.body);
  return {
    method,
    path: named(path),
    ...(step.query !== undefined && { query: step.query }),
    headers: { "content-type": lines ? "application/x-ndjson" : "application/json" },
    ...(body !== undefined && { body: Buffer.from(body) }),
  };
}

/** Every member of `wanted` is in `found`; where lists are compared, they are equally long. */
function assertHolds(found: unknown, wanted: unknown, where: string): void {
  if (typeof wanted !== "object" || wanted === null) {
    assert.equal(found, wanted, where);
    return;
  }
  assert.ok(typeof found === "object" && found !== null, `${where} is missing`);
  if (Array.isArray(wanted))
    assert.equal(Array.isArray(found) && found.length, wanted.length, `${where}: length`);
  const members = new Map(Object.entries(found));
  for (const [name, value] of Object.entries(wanted))
    assertHolds(members.get(name), value, `${where}.${name}`);
}

async function run(target: Target, { steps }: ContractCase, index: string): Promise<void> {
  for (const step of steps) {
    if (step.afterMs !== undefined) await target.wait(step.afterMs);
    const { status, text } = await target.send(requestOf(step, index));
    assert.equal(status, step.status, `${step.request}: ${text.slice(0, 500)}`);
    if (step.answer === undefined) continue;
    const wanted: unknown = JSON.parse(JSON.stringify(step.answer).replaceAll("INDEX", index));
    assertHolds(JSON.parse(text), wanted, step.request);
  }
}

function memoryTarget(): Target {
  let nowMs = Date.UTC(2026, 0, 1);
  const memory = createMemoryCluster({ random: createRandom(1), now: () => nowMs });
  const cluster = asCluster("primary", memory);
  return {
    async send(request) {
      const { status, body } = await cluster.send(request);
      return { status, text: body.toString("utf8") };
    },
    async wait(ms) {
      nowMs += ms;
    },
  };
}

function realTarget(endpoint: string): Target {
  return {
    async send({ method, path, query = "", headers = {}, body }) {
      const answer = await fetch(`${endpoint}${path}?${query}`, {
        method,
        headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
        ...(body !== undefined && {
          body: new Uint8Array(body instanceof BufferList ? body.joined() : body),
        }),
      });
      return { status: answer.status, text: await answer.text() };
    },
    wait: (ms) => sleep(ms),
  };
}

const pair = await usePair();

for (const [at, each] of contractCases.entries()) {
  const index = `case-${at}`;
  test(`the model: ${each.name}`, () => run(memoryTarget(), each, index));
  test(
    `Elasticsearch 7.10.2: ${each.name}`,
    { skip: each.notOn === "elasticsearch" ? "otherwise there" : pair.skip },
    () => run(realTarget(pair.primary.endpoint), each, index),
  );
  test(
    `OpenSearch 2.19.1: ${each.name}`,
    { skip: each.notOn === "opensearch" ? "otherwise there" : pair.skip },
    () => run(realTarget(pair.backup.endpoint), each, index),
  );
}
