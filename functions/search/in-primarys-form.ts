import type { Headers } from "../core/cluster/port.ts";
import { handleUse } from "../core/handle/handle-use.ts";
import { withParameter } from "../core/http/parameters.ts";
import { replaceStrings } from "../core/http/replace-strings.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { segmentsOf } from "../core/routing/path.ts";
import type { ReadAnswer } from "./first-part.ts";
import { type PrimaryForm, unknownProduct } from "./primary-form.ts";

/** Reads that older releases do not know: a POST there is a document of a type by that name, and makes its index. */
const youngReads = /\/(_terms_enum|_knn_search|_eql\/search|_graph\/explore|_fleet\/\w+|_mvt\/.+)\/?$/;

/**
 * The request for BACKUP. A client of Elasticsearch 6 reads `hits.total` as a number; and a read must not become a
 * write where BACKUP is older (observed on 7.10: `POST /new/_terms_enum` made the index `new`).
 */
export function forBackup(request: GatewayRequest, form: PrimaryForm): GatewayRequest {
  const searches = hitDepth(request) >= searchHitDepth;
  const asNumber = form.totalIsNumber() && searches && !request.query.includes("rest_total_hits_as_int");
  return {
    ...request,
    ...(youngReads.test(request.path) && { method: "GET" }),
    ...(asNumber && { query: withParameter(request.query, "rest_total_hits_as_int", "true") }),
  };
}

/**
 * BACKUP's answer as a client of PRIMARY expects it: the product's header and media type, by which Elasticsearch's
 * clients know their server; `_type` where PRIMARY has types; to `GET /` PRIMARY's own answer. All else is BACKUP's.
 */
export function inPrimarysForm(request: GatewayRequest, answer: ReadAnswer, form: PrimaryForm): ReadAnswer {
  const formed = { ...answer, headers: primarysHeaders(request, answer.headers, form) };
  const root = form.root();
  if (request.method === "GET" && request.path === "/" && answer.status === 200 && root !== undefined) {
    const { "content-encoding": _encoding, ...headers } = formed.headers;
    if (String(headers["content-type"] ?? "").includes("json")) return { ...formed, headers, body: root };
  }
  return withTypes(request, formed, form);
}

function primarysHeaders(request: GatewayRequest, headers: Headers, form: PrimaryForm): Headers {
  const accept = String(request.headers["accept"] ?? "");
  const [, version] =
    /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with\s*=\s*(\d+)/i.exec(accept) ?? [];
  const fromElasticsearchClient =
    version !== undefined || request.headers["x-elastic-client-meta"] !== undefined;
  const product =
    form.product() === unknownProduct && fromElasticsearchClient ? "Elasticsearch" : form.product();
  const formed = { ...headers };
  if (product !== undefined && product !== unknownProduct) formed["x-elastic-product"] = product;
  if (version !== undefined && /^application\/json\b/.test(String(headers["content-type"] ?? ""))) {
    formed["content-type"] = `application/vnd.elasticsearch+json;compatible-with=${version}`;
  }
  return formed;
}

const searchHitDepth = 4;

/** How deep in the answer the members of a hit, or of a document, are; 0 where there are none. */
function hitDepth({ method, path }: GatewayRequest): number {
  const segments = segmentsOf(path) ?? [];
  if (segments.includes("_msearch")) return 6;
  if (segments.includes("_mget")) return 3;
  if (segments[1] === "_doc" && method === "GET") return 1;
  return handleUse(method, path)?.given.own.includes("_scroll_id") ? searchHitDepth : 0;
}

function withTypes(request: GatewayRequest, answer: ReadAnswer, form: PrimaryForm): ReadAnswer {
  const depthMax = hitDepth(request);
  const { headers, body, status } = answer;
  const isPlainJson =
    headers["content-encoding"] === undefined && String(headers["content-type"] ?? "").includes("json");
  const holds = status < 300 || (status === 404 && depthMax === 1);
  if (!form.hasTypes() || depthMax === 0 || !isPlainJson || !holds) return answer;
  if (answer.start?.includes('"_type":') || (Buffer.isBuffer(body) && body.includes('"_type":')))
    return answer;
  return {
    ...answer,
    body: replaceStrings(body, {
      depthMax,
      isMeant: (name, depth) => name === "_index" && depth === depthMax,
      replace: (index) => `${JSON.stringify(index)},"_type":${JSON.stringify(form.typeIn(index))}`,
    }),
  };
}
