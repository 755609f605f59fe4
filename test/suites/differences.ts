import type { Exchange } from "./run-test.ts";

/** Headers that belong to a connection or a task, not to an answer. */
const ofTheConnection = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "task_resource_usage",
  "transfer-encoding",
]);

/** Members that no two executions of the same request need to have in common. */
const differsAnyway =
  /took|uuid|\.task(\.id)?$|_id$|allocation|^\.version$|node|millis|time|date|_in_bytes|ephemeral|address|version_hash|state|epoch|session|percent|pending_tasks|in_flight|\.at$/i;

/** Nanoseconds that a profiled search took, by what it did; counts are not times. */
const profiledTimes = /\.breakdown\.(?!.*_count$)\w+$/;

/** What else PRIMARY does at the moment, and did before; how often it changed an index (to start a shard, for example). */
const othersWork = /\.tasks\.|\.index-graveyard\.|\.metadata\.indices\.[^.]+\.(version|primary_terms)\b/;

/** Names that PRIMARY lists as they come: a set has no order. */
const unordered = /\.snapshots?(\.\d+)?\.indices$/;

/** Parts of a text for which the same is true: generated ids, the numbers of search contexts, what Java calls an object. */
const generated = /(?=[\w-]*[\dA-Z])[\w-]{20,}|(?<=context found for id \[)\d+|(?<=\w@)[\da-f]{5,8}\b/g;

/** What differs between the answers of two runs of the same test: statuses, headers, members and their values. */
export function differencesBetween(direct: readonly Exchange[], through: readonly Exchange[]): string[] {
  return direct.flatMap((asked, i) => {
    const other = through[i];
    if (other === undefined) return [];
    const [mine, theirs] = [leavesOf(asked), leavesOf(other)];
    const names = [...new Set([...mine.keys(), ...theirs.keys()])];
    return names
      .filter((name) => mine.get(name) !== theirs.get(name))
      .map(
        (name) => `${asked.request}: ${name} is ${mine.get(name)}, through the gateway ${theirs.get(name)}`,
      );
  });
}

function leavesOf({ reply }: Exchange): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>([["status", String(reply.status)]]);
  for (const [name, value] of Object.entries(reply.headers)) {
    // OpenSearch 2.19.1 warns of each thing once in its life.
    const isOnceOnly = name === "warning" && String(value).startsWith("299 OpenSearch-");
    if (!ofTheConnection.has(name) && !isOnceOnly) leaves.set(`header ${name}`, comparable(String(value)));
  }
  const isJson = String(reply.headers["content-type"]).includes("json") && reply.text !== "";
  if (isJson) addLeaves(leaves, "", reply.json());
  else leaves.set("lines", String(reply.text.split("\n").length));
  return leaves;
}

function addLeaves(leaves: Map<string, string>, path: string, value: unknown): void {
  if (othersWork.test(path)) return;
  if (typeof value !== "object" || value === null) {
    const differs = differsAnyway.test(path) || profiledTimes.test(path);
    leaves.set(path, differs ? typeof value : comparable(JSON.stringify(value)));
    return;
  }
  const members = Array.isArray(value) && unordered.test(path) ? [...value].sort() : value;
  const chosen = isChosenForIt(value);
  for (const [name, member] of Object.entries(members))
    addLeaves(leaves, `${path}.${comparable(name)}`, chosen && name === "_seq_no" ? "any" : member);
}

/** A document that got its id from PRIMARY or from the gateway, and with the id a shard, which counts by itself. */
function isChosenForIt(value: object): boolean {
  return "_id" in value && comparable(String(value._id)) === "…";
}

function comparable(text: string): string {
  return text.replaceAll(generated, "…");
}
