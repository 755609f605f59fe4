import { compressed, readable } from "../core/handle/readable-answer.ts";
import { replaceStrings } from "../core/http/replace-strings.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { segmentsOf } from "../core/routing/path.ts";
import type { ReadAnswer } from "./first-part.ts";

/** `{"nodes":{ID:{"http":{"publish_address"`. */
const addressDepth = 4;

/**
 * Whether a client asks which nodes it may send requests to: `/_nodes/http`, `/_nodes/_all/http`,
 * `/_nodes/http,settings`. Whoever wants the transport's addresses too does not ask for that.
 */
export function isSniffing({ method, path }: GatewayRequest): boolean {
  const [first, second = "", ...more] = segmentsOf(path) ?? [];
  if (method !== "GET" || first !== "_nodes" || second === "stats") return false;
  const metrics = (more.at(-1) ?? second).split(",");
  return metrics.includes("http") && !metrics.includes("transport") && !metrics.includes("_all");
}

/**
 * PRIMARY's answer to a client that sniffs, with the address under which it asked in place of each node's: a client that
 * went to the nodes themselves would write past the gateway, and BACKUP would never hear of it.
 */
export async function withOwnAddress(
  request: GatewayRequest,
  ask: (request: GatewayRequest) => Promise<ReadAnswer>,
): Promise<ReadAnswer> {
  const own = addressOf(request);
  const answer = await ask(readable(request));
  if (own === undefined || answer.status !== 200) return compressed(answer, request);
  const body = replaceStrings(answer.body, {
    depthMax: addressDepth,
    isMeant: (name, depth) => name === "publish_address" && depth === addressDepth,
    replace: () => JSON.stringify(own),
  });
  return compressed({ ...answer, body }, request);
}

/** Host and port that the client used; what the port is where it names none, the proxy before us says. */
function addressOf({ headers }: GatewayRequest): string | undefined {
  const { host } = headers;
  if (typeof host !== "string") return undefined;
  if (/:\d+$/.test(host)) return host;
  return `${host}:${/^https\b/.test(String(headers["x-forwarded-proto"])) ? 443 : 80}`;
}
