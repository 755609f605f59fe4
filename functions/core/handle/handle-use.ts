import type { GatewayRequest } from "../http/request.ts";
import { treatmentOf } from "../routing/classify.ts";
import type { Treatment } from "../routing/endpoint.ts";

/** A place of a request that may hold a handle. */
export interface HandlePlace {
  readonly where: "path" | "query" | "body" | "lines";
  /** The variable's, parameter's or member's name; `pit.id` is a member of a member. */
  readonly name: string;
}

/** What an endpoint has to do with handles. */
export interface HandleUse {
  readonly brought: readonly HandlePlace[];
  /** The members of the answer, and of what stands one or two levels inside it, that hold handles. */
  readonly given: { readonly own: readonly string[]; readonly inner: readonly string[] };
  /**
   * What a request does about them. `perhaps`: it gives some only where it asks for a scroll, or is on a point in
   * time. `free`: it gives them back, those of several clusters at once. `free-all`: every one of the cluster's.
   */
  readonly does: "gives" | "perhaps" | "free" | "free-all";
  /** Whether a request that brings none makes no sense. */
  readonly needsOne: boolean;
  /** The variables of the path. */
  readonly variables: ReadonlyMap<string, string>;
}

type HandleTreatment = Extract<Treatment, { kind: "read" | "handle" }>;

/**
 * What the endpoint has to do with handles, by the table of endpoints; `undefined` where nothing. Task ids are no
 * handles: tasks come from writes, which only PRIMARY runs, and `_tasks` never falls back.
 */
export function handleUse(method: string, path: string): HandleUse | undefined {
  const variables = new Map<string, string>();
  const treatment = treatmentOf(method, path, variables);
  if (treatment?.kind !== "read" && treatment?.kind !== "handle") return undefined;
  if (treatment.handles.length === 0) return undefined;
  return {
    brought: treatment.handles.flatMap(({ brought }) => brought.map(placeOf)),
    given: {
      own: treatment.handles.flatMap(({ given }) => given.filter((name) => !name.includes("."))),
      inner: treatment.handles.flatMap(({ given }) =>
        given.filter((name) => name.includes(".")).map((name) => name.slice(name.lastIndexOf(".") + 1)),
      ),
    },
    does: doneAt(treatment, method),
    needsOne: treatment.kind === "handle" && (treatment.does === "use" || treatment.does === "close"),
    variables,
  };
}

/** Whether an answer at the endpoint may hold handles. */
export function givesAny({ given }: HandleUse): boolean {
  return given.own.length + given.inner.length > 0;
}

/** Whether the answer to a request that brings no handle may hold some. */
export function mayGive(use: HandleUse, { query }: GatewayRequest): boolean {
  if (use.does !== "perhaps") return givesAny(use);
  return query.includes("scroll") && new URLSearchParams(query).has("scroll");
}

function doneAt(treatment: HandleTreatment, method: string): HandleUse["does"] {
  const contexts = treatment.handles.some(({ handle }) => handle === "scroll" || handle === "pit");
  if (treatment.kind === "read") return contexts ? "perhaps" : "gives";
  switch (treatment.does) {
    case "list":
      return method === "DELETE" ? "free-all" : "gives";
    case "close":
      return contexts ? "free" : "gives";
    case "open":
    case "use":
      return "gives";
  }
}

function placeOf(text: string): HandlePlace {
  const [where, name = ""] = text.split(" ");
  if (where === "path" || where === "query" || where === "body" || where === "lines") return { where, name };
  throw new Error(`[${text}] is no place for a handle`);
}
