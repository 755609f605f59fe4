import type { ClusterResponse } from "../../../functions/core/cluster/port.ts";

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
  const kept = filter === null ? body : (keptOf(body, patternsOf(filter)) ?? {});
  return answerText(status, JSON.stringify(kept));
}

/** The same for text that may hold numbers above 2^53: it is parsed only when a filter asks for parts of it. */
export function answerFiltered(text: string, filter: string | null): ClusterResponse {
  return filter === null ? answerText(200, text) : answerJson(200, JSON.parse(text), filter);
}

const parsed = new Map<string, readonly (readonly string[])[]>();

function patternsOf(filter: string): readonly (readonly string[])[] {
  const known = parsed.get(filter);
  if (known !== undefined) return known;
  const patterns = filter.split(",").map((pattern) => pattern.split("."));
  parsed.set(filter, patterns);
  return patterns;
}

/** Inclusive patterns; `*` stands for any part of one name, and arrays are looked through. */
function keptOf(value: Json, patterns: readonly (readonly string[])[]): Json | undefined {
  if (patterns.some((pattern) => pattern.length === 0)) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => keptOf(item, patterns) ?? []);
    return items.length > 0 ? items : undefined;
  }
  if (!isObject(value)) return undefined;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const further = patterns.flatMap((pattern) =>
      matches(pattern[0] ?? "", name) ? [pattern.slice(1)] : [],
    );
    const kept = further.length > 0 ? keptOf(member, further) : undefined;
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}

/** Whether a name fits a pattern in which `*` stands for anything. */
export function matches(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  if (!pattern.includes("*")) return false;
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(name);
}
