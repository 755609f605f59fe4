import type { Deadline } from "./deadline.ts";
import type { ExchangeResult } from "./exchange.ts";
import type { ClusterRequest } from "./port.ts";
import type { WaitingLine } from "./waiting-line.ts";

/** One node of a cluster, as a call sees it. */
export interface ClusterNode {
  /** `host:port`, for messages. */
  readonly host: string;
  readonly line: WaitingLine;
}

/** The nodes of a cluster in rotation. */
export interface ClusterNodes<Node extends ClusterNode> {
  /** The next node to ask that was not tried yet; the dead ones come last. */
  pick(tried: ReadonlySet<Node>): Node | undefined;
  /** The head of the node's answer. Ends with the deadline. What it says of the node's state is remembered. */
  open(node: Node, request: ClusterRequest, deadline: Deadline): Promise<ExchangeResult>;
  /** Closes every socket. */
  close(): void;
}
