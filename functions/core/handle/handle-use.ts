import { treatmentOf } from "../routing/classify.ts";

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
  /** The variables of the path. */
  readonly variables: ReadonlyMap<string, string>;
}

/**
 * What the endpoint has to do with handles, by the table of endpoints; `undefined` where nothing. Task ids are no
 * handles: tasks come from writes, which only PRIMARY runs, and `_tasks` never falls back.
 */
export function handleUse(method: string, path: string): HandleUse | undefined {
  const variables = new Map<string, string>();
  const treatment = treatmentOf(method, path, variables);
  if (treatment?.kind !== "read" && treatment?.kind !== "handle") return undefined;
  if (treatment.handles.length === 0) return undefined;
  const kinds = new Set(treatment.handles.map(({ handle }) => handle));
  const contexts = kinds.has("scroll") || kinds.has("pit");
  const does =
    treatment.kind === "read"
      ? contexts && "perhaps"
      : treatment.does === "list"
        ? method === "DELETE" && "free-all"
        : treatment.does === "close" && contexts && "free";
  return {
    brought: treatment.handles.flatMap(({ brought }) => brought.map(placeOf)),
    given: {
      own: treatment.handles.flatMap(({ given }) => given.filter((name) => !name.includes("."))),
      inner: treatment.handles.flatMap(({ given }) =>
        given.filter((name) => name.includes(".")).map((name) => name.slice(name.lastIndexOf(".") + 1)),
      ),
    },
    does: does || "gives",
    variables,
  };
}

function placeOf(text: string): HandlePlace {
  const [where, name = ""] = text.split(" ");
  if (where === "path" || where === "query" || where === "body" || where === "lines") return { where, name };
  throw new Error(`[${text}] is no place for a handle`);
}
