import type { IncomingMessage } from "node:http";
import { gatherBody, relayBody } from "./answer-body.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import type { ClusterNode, ClusterNodes } from "./node.ts";
import {
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  type ClusterRequest,
  type Headers,
} from "./port.ts";
import type { ClusterSettings } from "./settings.ts";

interface Failure {
  readonly code: ClusterErrorCode;
  readonly host?: string;
  readonly cause?: Error | undefined;
  readonly retryAfterSeconds?: number;
  /** The node had closed an idle connection: it may be asked again over another one. */
  readonly staleSocket?: boolean;
}

type Attempt<T> =
  | { readonly answer: T; readonly failure?: never }
  | { readonly answer?: never; readonly failure: Failure };

/** What one attempt makes of an answer's head. It calls `leave` when the node is free again. */
type Consume<T> = (response: IncomingMessage, call: Call, leave: () => void) => Promise<T>;

interface Call {
  readonly request: ClusterRequest;
  readonly deadline: Deadline;
}

/**
 * The cluster over its nodes. A request that no node took goes to the next one until all were tried; after
 * `lost`, only a GET or HEAD does, because a write may have been executed.
 */
export function createCalls<Node extends ClusterNode>(
  nodes: ClusterNodes<Node>,
  settings: ClusterSettings,
): Omit<Cluster, "release"> {
  const { name, requestTimeoutMs } = settings;
  let underWay = 0;
  let onIdle: (() => void) | undefined;
  let closed = false;

  async function call<T>(request: ClusterRequest, consume: Consume<T>): Promise<T> {
    if (closed) throw toError(name, { code: "refused", cause: new Error("closed") });
    const deadline = startDeadline(request.timeoutMs ?? requestTimeoutMs, request.signal);
    underWay += 1;
    try {
      return await attemptEach(nodes, { request, deadline }, consume, name);
    } catch (error) {
      deadline.release();
      throw error;
    } finally {
      underWay -= 1;
      if (underWay === 0) onIdle?.();
    }
  }

  return {
    name,
    send: (request) =>
      call(request, async (response, { deadline }, leave) => {
        deadline.onEnd(() => response.destroy());
        try {
          const body = await gatherBody(response);
          deadline.release();
          return { ...head(response), body };
        } finally {
          leave();
        }
      }),
    stream: (request) =>
      call(request, async (response, { deadline }, leave) => {
        deadline.stopClock();
        const body = relayBody(response, {
          silenceMsMax: requestTimeoutMs,
          toError: (code, cause) => toError(name, { code, cause }),
        });
        deadline.onEnd(() => body.destroy(toError(name, { code: "aborted" })));
        body.once("close", () => {
          deadline.release();
          leave();
        });
        return { ...head(response), body };
      }),
    /** Refuses what comes now, waits for what is under way, then cuts the bodies that are still being read. */
    async close() {
      closed = true;
      if (underWay > 0) await new Promise<void>((idle) => (onIdle = idle));
      nodes.close();
    },
  };
}

async function attemptEach<Node extends ClusterNode, T>(
  nodes: ClusterNodes<Node>,
  call: Call,
  consume: Consume<T>,
  name: Cluster["name"],
): Promise<T> {
  const tried = new Set<Node>();
  let last: Failure = { code: "refused", cause: new Error("no node") };
  for (let node = nodes.pick(tried); node !== undefined; node = nodes.pick(tried)) {
    const { answer, failure } = await attempt(nodes, node, call, consume);
    if (failure === undefined) return answer;
    last = failure;
    const mayGoOn = failure.code === "refused" || (failure.code === "lost" && isSafe(call.request));
    if (!mayGoOn || call.deadline.ended !== undefined) break;
    if (!failure.staleSocket) tried.add(node);
  }
  throw toError(name, last);
}

async function attempt<Node extends ClusterNode, T>(
  nodes: ClusterNodes<Node>,
  node: Node,
  call: Call,
  consume: Consume<T>,
): Promise<Attempt<T>> {
  const { request, deadline } = call;
  const failed = (failure: Failure) => ({
    failure: { ...failure, host: node.host, code: endedCode(failure.code, deadline) },
  });
  const entry = await node.line.enter(request.body?.length ?? 0, deadline);
  if (!entry.entered) {
    return failed({ code: "limited", retryAfterSeconds: Math.max(1, Math.ceil(entry.retryAfterMs / 1000)) });
  }
  let left = false;
  const leave = () => {
    if (left) return;
    left = true;
    entry.leave();
  };
  const { response, failure } = await nodes.open(node, request, deadline).catch((unexpected) => {
    leave();
    throw unexpected;
  });
  if (failure !== undefined) {
    leave();
    const stale = failure.code === "lost" && failure.reusedSocket && deadline.ended === undefined;
    return failed({ code: failure.code, cause: failure.cause, staleSocket: stale });
  }
  try {
    return { answer: await consume(response, call, leave) };
  } catch (cause) {
    return failed({ code: "lost", cause: cause instanceof Error ? cause : new Error(String(cause)) });
  }
}

/** How a failure reads when the deadline brought it about. What was never sent stays that. */
function endedCode(code: ClusterErrorCode, deadline: Deadline): ClusterErrorCode {
  if (deadline.ended === undefined) return code;
  if (deadline.ended === "aborted") return "aborted";
  return code === "lost" ? "timeout" : code;
}

function isSafe(request: ClusterRequest): boolean {
  return request.method === "GET" || request.method === "HEAD";
}

function head(response: IncomingMessage): { status: number; headers: Headers } {
  const headers: Headers = {};
  for (const [field, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[field] = value;
  }
  return { status: response.statusCode ?? 0, headers };
}

function toError(name: Cluster["name"], { code, host, cause, retryAfterSeconds }: Failure): ClusterError {
  const where = host === undefined ? name : `${name} (${host})`;
  const why = cause === undefined ? "" : `: ${reason(cause)}`;
  return new ClusterError(name, code, `${where} ${code}${why}`, {
    cause,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

/** An AggregateError, as from a name with several addresses, has a code and no message. */
function reason(cause: Error): string {
  return cause.message !== "" || !("code" in cause) ? cause.message : String(cause.code);
}
