import * as v from "valibot";
import type { Cluster } from "../cluster/port.ts";
import { type IndexDefinition, readDefinitions } from "../definition/index-definition.ts";
import type { DocumentKey } from "../replication/record.ts";

const routed = v.object({ index_routing: v.string() });

/**
 * The keys by concrete index. A name that is an alias becomes all of its indices, because a read through
 * an alias of several is refused; a write went to one of them, and the others hold what they hold. The
 * routing that the alias adds is the document's routing. Names that PRIMARY does not know are left out.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function concreteKeys(
  primary: Cluster,
  keys: readonly DocumentKey[],
): Promise<readonly DocumentKey[]> {
  const names = [...new Set(keys.map(({ index }) => index))];
  const targets = new Map<string, ReadonlyMap<string, IndexDefinition>>();
  for (const name of names) targets.set(name, await readDefinitions(primary, name));
  return keys.flatMap(({ index: name, id, routing }) =>
    [...(targets.get(name) ?? [])].map(([index, definition]) => ({
      index,
      id,
      routing: routing ?? aliasRouting(definition, name),
    })),
  );
}

function aliasRouting(definition: IndexDefinition, name: string): string | undefined {
  const parsed = v.safeParse(routed, definition.aliases[name]);
  return parsed.success ? parsed.output.index_routing : undefined;
}
