import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { type Call, type Reply, send } from "../support/client.ts";

/** The two worlds of one cluster: the same requests to `own…` directly, to `via…` through the gateway. */
export interface Twins {
  readonly direct: string;
  readonly gateway: string;
}

/** Of equal length, so that sizes stay comparable. */
const worlds = { direct: "own", gateway: "via" } as const;

/**
 * Sends the request in both worlds (`IDX` in path and body is the world's prefix) and asserts that the answers are
 * the same: status, headers and body, but for the time taken, the world's name, generated ids and index UUIDs.
 * @returns the gateway's answer.
 */
export async function sameAnswer(twins: Twins, call: Call): Promise<Reply> {
  const own = await send(twins.direct, inWorld(call, worlds.direct));
  const via = await send(twins.gateway, inWorld(call, worlds.gateway));
  const title = `${call.method ?? "GET"} ${call.path}`;
  const [expected, found] = [comparable(own), comparable(via)];
  const at = [...expected].findIndex((character, i) => found[i] !== character);
  if (expected === found) return via;
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 120);
  assert.fail(`${title} is\n${around(expected)}\nand through the gateway\n${around(found)}`);
}

function inWorld(call: Call, world: string): Call {
  const named = (text: string) => text.replaceAll("IDX", world);
  const { body } = call;
  if (body === undefined || Buffer.isBuffer(body)) return { ...call, path: named(call.path) };
  return {
    ...call,
    path: named(call.path),
    body: typeof body === "string" ? named(body) : JSON.parse(named(JSON.stringify(body))),
  };
}

function comparable({ status, headers, body }: Reply): string {
  const encoding = headers["content-encoding"];
  const plain = encoding === "gzip" ? gunzipSync(body) : body;
  // How a body is framed is each hop's own; its length follows from the body, where the time taken stands.
  const {
    "content-length": _length,
    date: _date,
    connection: _connection,
    "keep-alive": _alive,
    "transfer-encoding": _framing,
    ...kept
  } = headers;
  const lines = Object.entries(kept).map(([name, value]) => `${name}: ${neutral(String(value))}`);
  return [status, ...lines.sort(), "", neutral(plain.toString("latin1"))].join("\n");
}

/** `via` and what differs between any two runs, taken out; nothing is parsed, so every byte else is compared. */
function neutral(text: string): string {
  return text
    .replaceAll(worlds.gateway, worlds.direct)
    .replace(/("(?:ingest_)?took"\s*:\s*|^took: )\d+/gm, "$1N")
    .replace(/("_id"\s*:\s*"|\/(?:_doc|thing)\/)[\w-]{20}(?=["?]|$)/g, "$1GENERATED")
    .replace(/("(?:index_uuid|uuid)"\s*:\s*")[\w-]{22}"/g, "$1UUID")
    .replace(/("creation_date"\s*:\s*")\d+"/g, "$1T")
    .replace(/^(index_uuid: )"?[\w-]{22}"?/gm, "$1UUID")
    .replace(/[0-9.]+(?:ms|micros)\b/g, "TIME");
}
