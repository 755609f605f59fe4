import * as v from "valibot";
import { byName } from "../core/cluster/by-name.ts";
import { ask, readJson } from "../core/cluster/json-request.ts";
import type { Cluster } from "../core/cluster/port.ts";
import type { PrimaryIndex } from "../core/definition/primary-catalog.ts";
import { segment } from "../core/routing/path.ts";

const answerSchema = byName(
  v.object({ aliases: v.optional(byName(v.unknown())), data_stream: v.optional(v.string()) }),
);

/** As long as the catalog's entry lives: a few seconds. */
const remembered = new WeakMap<PrimaryIndex, Promise<ReadonlySet<string>>>();

/**
 * The names by which a write reaches an index besides its own: its aliases, and the data stream it is part
 * of. Asked only where a write was answered for another name than it was sent to.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export function otherNames(described: PrimaryIndex, primary: Cluster): Promise<ReadonlySet<string>> {
  const known = remembered.get(described);
  if (known !== undefined) return known;
  const names = readNames(described.incarnation.index, primary);
  remembered.set(described, names);
  names.catch(() => remembered.delete(described));
  return names;
}

async function readNames(index: string, primary: Cluster): Promise<ReadonlySet<string>> {
  const query = "filter_path=*.aliases,*.data_stream";
  const answer = await ask(primary, { method: "GET", path: `/${segment(index)}`, query });
  if (answer.status === 404) return new Set();
  const found = readJson(primary, answerSchema, answer).get(index);
  if (found === undefined) return new Set();
  const stream = found.data_stream === undefined ? [] : [found.data_stream];
  return new Set([...(found.aliases?.keys() ?? []), ...stream]);
}
