import type { GatewayRequest } from "../../functions/core/http/request.ts";
import type { Random } from "./random.ts";

/** What one client sends: one request after the other, each when the one before was answered. */
export type Errand = readonly ClientRequest[];
export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Document operations in it. */
  readonly operations: number;
}

export interface Workload {
  readonly indices: readonly string[];
  next(): Errand;
  /** The last that clients do. */
  last(): readonly Errand[];
}

/** Random work on few documents, so that everything meets everything. */
export function createWorkload(random: Random, ids: number): Workload {
  const indices = random.pick<readonly string[]>([
    ["books"],
    ["books", "films"],
    ["films", "notes"],
    ["books", "films", "piped", "notes"],
    ["piped"],
  ]);
  const recreates = random.chance(0.4);
  const queries = random.chance(0.4);
  const closes = random.chance(0.3);
  const large = random.chance(0.3);
  let count = 0;

  const id = () => `d${random.whole(0, ids - 1)}`;
  const routingFor = (index: string) =>
    index === "films" ? random.pick([undefined, undefined, "r1", "r2"]) : undefined;
  const target = () => {
    const index = random.pickFrom(indices) ?? "books";
    return index === "books" && random.chance(0.15) ? "shelf" : index;
  };

  /** No two alike: a wrong document is never equal by chance. */
  function document(): string {
    count += 1;
    const kind = random.next();
    const pad = large && random.chance(0.3) ? `,"pad":"${"p".repeat(random.whole(200, 3000))}"` : "";
    if (kind < 0.1)
      return `{"n":${count},"x":${random.pick(["5", '"abc"', '"2020-01-01"', "true", "1.5"])}${pad}}`;
    if (kind < 0.15) return `{"n":${count},"big":9007199254740993,"twice":1,"twice":2}`;
    if (kind < 0.18) return `{"n":"not a number ${count}"}`;
    if (kind < 0.2) return `{"n":${count},`;
    return `{"n":${count},"s":"Grüße ${count}"${pad}}`;
  }

  function bulkLine(): string {
    const index = target();
    const routing = routingFor(index);
    const routed = routing === undefined ? "" : `,"routing":"${routing}"`;
    const at = `"_index":"${random.chance(0.01) ? "UPPER" : index}","_id":"${id()}"${routed}`;
    const kind = random.next();
    if (kind < 0.4) return `{"index":{${at}}}\n${document()}\n`;
    if (kind < 0.5) return `{"create":{${at}}}\n${document()}\n`;
    if (kind < 0.6) return `{"update":{${at}}}\n{"doc":{"u":${++count}}}\n`;
    if (kind < 0.65) return `{"update":{${at}}}\n{"doc":{"u":${random.whole(1, 3)}},"doc_as_upsert":true}\n`;
    if (kind < 0.68) return `{"index":{${at},"pipeline":"stamp"}}\n${document()}\n`;
    if (kind < 0.71)
      return `{"index":{${at},"if_seq_no":${random.whole(0, 60)},"if_primary_term":1}}\n${document()}\n`;
    if (kind < 0.73) return `{"index":{"_index":"${index}"}}\n${document()}\n`;
    return `{"delete":{${at}}}\n`;
  }

  function bulk(): Errand {
    const operations = random.pick([1, 1, 2, 3, 5, 8]);
    const body = Array.from({ length: operations }, bulkLine).join("");
    return [{ method: "POST", path: "/_bulk", body, operations }];
  }

  function single(): Errand {
    const index = target();
    const routing = routingFor(index);
    const query = routing === undefined ? "" : `?routing=${routing}`;
    const request = (method: string, part: string, body: string): Errand => [
      { method, path: `/${index}/${part}/${id()}${query}`, body, operations: 1 },
    ];
    const kind = random.next();
    if (kind < 0.4) return request("PUT", "_doc", document());
    if (kind < 0.5) return request("PUT", "_create", document());
    if (kind < 0.6) return request("POST", "_update", `{"doc":{"u":${++count}}}`);
    return request("DELETE", "_doc", "");
  }

  function definition(): Errand {
    const index = random.pickFrom(indices) ?? "books";
    const change = (method: string, path: string, body: string) => ({ method, path, body, operations: 1 });
    if (recreates && random.chance(0.5)) {
      return [change("DELETE", `/${index}`, ""), change("PUT", `/${index}`, definitionOf(index))];
    }
    if (recreates && random.chance(0.5)) {
      const document = change("PUT", "/passing/_doc/d0", `{"n":${++count}}`);
      return [change("PUT", "/passing", "{}"), document, change("DELETE", "/passing", "")];
    }
    if (closes && random.chance(0.4)) {
      const between = random.chance(0.5) ? bulk() : [];
      const opened = random.chance(0.7) ? [change("POST", `/${index}/_open`, "")] : [];
      return [change("POST", `/${index}/_close`, ""), ...between, ...opened];
    }
    if (random.chance(0.3)) {
      const seconds = random.pick(["null", '"5s"', '"9s"']);
      return [change("PUT", `/${index}/_settings`, `{"index.refresh_interval":${seconds}}`)];
    }
    if (random.chance(0.5)) {
      return [
        change("PUT", `/${index}/_mapping`, `{"properties":{"f${random.whole(1, 5)}":{"type":"keyword"}}}`),
      ];
    }
    const alias = `a${random.whole(1, 3)}`;
    const action = random.pick(["add", "add", "remove"]);
    return [
      change("POST", "/_aliases", `{"actions":[{"${action}":{"index":"${index}","alias":"${alias}"}}]}`),
    ];
  }

  function byQuery(): Errand {
    const path = `/${random.pickFrom(indices)}/_delete_by_query`;
    const values = JSON.stringify(Array.from({ length: 6 }, id));
    return [{ method: "POST", path, body: `{"query":{"ids":{"values":${values}}}}`, operations: 1 }];
  }

  return {
    indices,
    next() {
      const kind = random.next();
      if (kind < 0.03) return definition();
      if (queries && kind < 0.07) return byQuery();
      return kind < 0.6 ? bulk() : single();
    },
    last() {
      if (!closes) return [];
      const closed = indices.filter(() => random.chance(0.5));
      return closed.map((index) => [
        ...bulk(),
        { method: "POST", path: `/${index}/_close`, body: "", operations: 1 },
      ]);
    },
  };
}

/** The body that creates one of the model's indices. */
export function definitionOf(index: string): string {
  switch (index) {
    case "books":
      return '{"settings":{"index.number_of_shards":2},"aliases":{"shelf":{"routing":"r1"}},"mappings":{"properties":{"n":{"type":"long"}}}}';
    case "films":
      return '{"settings":{"index.number_of_shards":3,"index.number_of_routing_shards":3}}';
    case "piped":
      return '{"settings":{"index.default_pipeline":"stamp"}}';
    default:
      return "{}";
  }
}

/** The request as the gateway's host hands it over. */
export function gatewayRequest(request: ClientRequest, receivedMs: number): GatewayRequest {
  const [path = "", query = ""] = request.path.split("?");
  const type = path.endsWith("_bulk") ? "application/x-ndjson" : "application/json";
  return {
    method: request.method,
    path,
    query,
    headers: request.body === "" ? {} : { "content-type": type },
    body: Buffer.from(request.body),
    receivedMs,
    requestId: "model",
  };
}
