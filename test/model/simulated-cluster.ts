import {
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  type ClusterName,
  type ClusterRequest,
  type ClusterResponse,
} from "../../functions/core/cluster/port.ts";
import { failureAnswer } from "./cluster/json.ts";
import type { MemoryCluster } from "./cluster/memory-cluster.ts";
import type { Guesses } from "./guesses.ts";
import type { Random } from "./random.ts";
import type { Plan, SimulatedProcess } from "./simulated-process.ts";
import type { FaultName, Weather } from "./weather.ts";
import type { World } from "./world.ts";

/** A memory cluster with a network in front of it. */
export interface SimulatedCluster {
  readonly name: ClusterName;
  readonly memory: MemoryCluster;
  /** The port for one process. */
  portFor(process: SimulatedProcess): Cluster;
  /** All nodes stop; back after that long. */
  restart(downMs: number): void;
  /** Nobody can reach it for that long; it goes on. */
  cutOff(ms: number): void;
}

export interface SimulatedClusterOptions {
  readonly name: ClusterName;
  readonly memory: MemoryCluster;
  readonly world: World;
  readonly random: Random;
  readonly weather: Weather;
  /** Without it no line is made, either: that is a tenth of a run's time. */
  readonly trace: ((line: string) => void) | undefined;
  readonly guesses: Guesses;
}

/** How a call goes wrong: before, after or without its effect, and what the caller gets. */
type Mishap =
  | { readonly kind: "answer"; readonly status: number; readonly type: string; readonly executed: boolean }
  | { readonly kind: "error"; readonly code: ClusterErrorCode; readonly effect: "before" | "none" | "later" }
  | { readonly kind: "garbage" };

export function createSimulatedCluster(options: SimulatedClusterOptions): SimulatedCluster {
  const { name, memory, world, random, weather, trace, guesses } = options;
  let downUntilMs = 0;
  let generation = 0;

  function planOf(mishap: Mishap | undefined, timeoutMs: number): Plan {
    const effectMs = weather.latencyMs();
    const answerMs = effectMs + weather.latencyMs();
    if (mishap === undefined || mishap.kind !== "error") {
      const executes = mishap === undefined || mishap.kind === "garbage" || mishap.executed;
      return {
        effectMs: executes || mishap?.kind === "answer" ? effectMs : undefined,
        answerMs,
        error: undefined,
      };
    }
    const error = new ClusterError(name, mishap.code, `the model's ${mishap.code}`);
    if (mishap.effect === "none") return { effectMs: undefined, answerMs, error };
    // Not longer after the caller gave up than a server would keep a request: below index.gc_deletes.
    if (mishap.effect === "later")
      return { effectMs: timeoutMs + random.whole(1, 20_000), answerMs: timeoutMs, error };
    return {
      effectMs,
      answerMs: mishap.code === "timeout" ? Math.max(timeoutMs, answerMs) : answerMs,
      error,
    };
  }

  async function send(process: SimulatedProcess, request: ClusterRequest): Promise<ClusterResponse> {
    const what = `${name} ${request.method} ${request.path}`;
    const born = generation;
    const mishap = weather.isCalm ? undefined : drawMishap(name, request, weather, random);
    const plan = planOf(mishap, request.timeoutMs ?? 25_000);
    const execute = () => memory.execute(request);
    const blind = name === "backup" && guesses.isBlind(process);
    try {
      const answer = await process.call(what, plan, () => {
        if (world.now() < downUntilMs || born !== generation) {
          return refusal(
            new ClusterError(name, born === generation ? "refused" : "lost", "the cluster is down"),
          );
        }
        if (mishap?.kind === "answer" && !mishap.executed) {
          return { value: failureAnswer({ ...mishap, reason: "the model's weather" }) };
        }
        const pending = blind ? guesses.watch(memory, execute) : execute();
        trace?.(`${world.now()} ${process.name} ${what} ${brief(request)} -> ${brief(pending.answer)}`);
        return {
          value: disguised(pending.answer, mishap),
          settle: () =>
            pending.settle() && born === generation
              ? undefined
              : new ClusterError(name, "lost", "the node that had the request is gone"),
        };
      });
      if (name === "primary" && mishap !== undefined) guesses.failed(process, request);
      return answer;
    } catch (error) {
      if (name === "primary") guesses.failed(process, request);
      trace?.(`${world.now()} ${process.name} ${what} failed: ${String(error)}`);
      throw error;
    }
  }

  return {
    name,
    memory,
    portFor: (process) => ({
      name,
      send: (request) => send(process, request),
      stream: () => Promise.reject(new Error("the model does not stream")),
      release: () => Promise.resolve({ product: "opensearch", version: "2.19.1" }),
      close: () => Promise.resolve(),
    }),
    restart(downMs) {
      trace?.(`${world.now()} ${name} restarts, down for ${downMs} ms`);
      generation += 1;
      memory.restart(random);
      downUntilMs = Math.max(downUntilMs, world.now() + downMs);
    },
    cutOff(ms) {
      trace?.(`${world.now()} ${name} cannot be reached for ${ms} ms`);
      downUntilMs = Math.max(downUntilMs, world.now() + ms);
    },
  };
}

function refusal(error: ClusterError) {
  return { value: failureAnswer({ status: 503, type: "unreachable", reason: "" }), settle: () => error };
}

function disguised(answer: ClusterResponse, mishap: Mishap | undefined): ClusterResponse {
  if (mishap?.kind === "garbage") return { ...answer, status: 200, body: Buffer.from("<html>200 OK</html>") };
  if (mishap?.kind === "answer") return failureAnswer({ ...mishap, reason: "a proxy's words" });
  return answer;
}

function brief({ body }: ClusterRequest | ClusterResponse): string {
  return (body?.toString("utf8") ?? "").replace(/\n/g, " ").slice(0, 700);
}

type Draw = readonly [FaultName, (random: Random) => Mishap];

function drawMishap(
  name: ClusterName,
  request: ClusterRequest,
  weather: Weather,
  random: Random,
): Mishap | undefined {
  for (const [fault, mishap] of name === "primary" ? primaryFaults : backupFaults) {
    if (fault === "backupTooLarge" && !isLargeBulk(request)) continue;
    if (weather.strikes(fault)) return mishap(random);
  }
  return undefined;
}

function isLargeBulk({ body, path }: ClusterRequest): boolean {
  return (body?.length ?? 0) > 600 && path.endsWith("_bulk");
}

function failed(code: ClusterErrorCode, effect: "before" | "none" | "later"): Mishap {
  return { kind: "error", code, effect };
}

function refusedWith(status: number, type: string, executed = false): Mishap {
  return { kind: "answer", status, type, executed };
}

const busy = refusedWith(429, "es_rejected_execution_exception");
const forbidden = (random: Random) => refusedWith(random.pick([401, 403]), "security_exception");
const cut = (random: Random) => failed("lost", random.pick(["before", "none"]));
const timedOut = (random: Random) => failed("timeout", random.pick(["before", "later", "none"]));

const primaryFaults: readonly Draw[] = [
  ["primaryRefused", () => failed("refused", "none")],
  ["primaryTimeoutAfter", timedOut],
  ["primaryCut", cut],
  ["primaryBusy", (random) => random.pick([busy, refusedWith(503, "cluster_block_exception")])],
  ["primaryForbidden", forbidden],
  ["primaryProxyError", (random) => refusedWith(random.pick([502, 504]), "proxy", random.chance(0.5))],
  ["primaryGarbage", () => ({ kind: "garbage" })],
];

const backupFaults: readonly Draw[] = [
  ["backupBusy", () => busy],
  ["backupForbidden", forbidden],
  ["backupUnavailable", (random) => random.pick([refusedWith(503, "busy"), failed("refused", "none")])],
  ["backupCut", cut],
  ["backupTimeoutAfter", timedOut],
  ["backupTooLarge", () => refusedWith(413, "content_too_long_exception")],
];
