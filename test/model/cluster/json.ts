import type { ClusterRequest, ClusterResponse } from "../../../functions/core/cluster/port.ts";
import { createRemembered } from "./remembered.ts";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parsed JSON; `undefined` when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error in the servers' own shape. */
export interface Failure {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

export function failureText({ type, reason }: Failure): string {
  return JSON.stringify({ type, reason });
}

export function failureAnswer(failure: Failure): ClusterResponse {
  const cause = failureText(failure);
  return answerText(
    failure.status,
    `{"error":{"root_cause":[${cause}],${cause.slice(1, -1)}},"status":${failure.status}}`,
  );
}

export function answerText(status: number, text: string): ClusterResponse {
  return { status, headers: { "content-type": "application/json; charset=UTF-8" }, body: Buffer.from(text) };
}

/** The answer with what `filter_path` leaves of it; errors are never filtered. */
export function answerJson(status: number, body: Json, filter: string | null = null): ClusterResponse {
  const kept = filter === null ? body : (keptOf(body, filterOf(filter)) ?? {});
  return answerText(status, JSON.stringify(kept));
}

/** The same for text that may hold numbers above 2^53: it is parsed only when a filter asks for parts of it. */
export function answerFiltered(text: string, filter: string | null): ClusterResponse {
  return filter === null ? answerText(200, text) : answerJson(200, JSON.parse(text), filter);
}

/** What a filter keeps below one name: everything, or what fits one of the parts. */
interface Filter {
  readonly everything: boolean;
  readonly parts: readonly (readonly [pattern: string, below: Filter])[];
  /** Below each name that was met, as many patterns may fit it. */
  readonly known: Map<string, Filter | undefined>;
}

const filterOf = createRemembered((text) => compiled(text.split(",").map((pattern) => pattern.split("."))));

const parametersIn = createRemembered((query) => new URLSearchParams(query));

/** A request's parameters; not to be changed. */
export function parametersOf({ query = "" }: ClusterRequest): Pick<URLSearchParams, "get" | "entries"> {
  return parametersIn(query);
}

function compiled(patterns: readonly (readonly string[])[]): Filter {
  const parts = patterns.flatMap(([first, ...rest]) =>
    first === undefined ? [] : [[first, compiled([rest])] as const],
  );
  return { everything: patterns.some((pattern) => pattern.length === 0), parts, known: new Map() };
}

function below(filter: Filter, name: string): Filter | undefined {
  if (filter.known.has(name)) return filter.known.get(name);
  const fitting = filter.parts.flatMap(([pattern, further]) => (matches(pattern, name) ? [further] : []));
  const found: Filter | undefined =
    fitting.length < 2
      ? fitting[0]
      : {
          everything: fitting.some(({ everything }) => everything),
          parts: fitting.flatMap(({ parts }) => parts),
          known: new Map(),
        };
  filter.known.set(name, found);
  return found;
}

/** Inclusive patterns; `*` stands for any part of one name, and arrays are looked through. */
function keptOf(value: Json, filter: Filter): Json | undefined {
  if (filter.everything) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => keptOf(item, filter) ?? []);
    return items.length > 0 ? items : undefined;
  }
  if (!isObject(value)) return undefined;
  const members: Record<string, Json> = {};
  let some = false;
  for (const name of Object.keys(value)) {
    const further = below(filter, name);
    const kept = further && keptOf(value[name] ?? null, further);
    if (kept === undefined) continue;
    members[name] = kept;
    some = true;
  }
  return some ? members : undefined;
}

/** Whether a name fits a pattern in which `*` stands for anything. */
export function matches(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  if (!pattern.includes("*")) return false;
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(name);
}
