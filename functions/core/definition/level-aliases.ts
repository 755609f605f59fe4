import { ask } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { hasTypes } from "../cluster/release.ts";
import { type IndexDefinition, isObject, type JsonObject, readDefinitions } from "./index-definition.ts";
import { putUntilStill } from "./put-until-still.ts";

/**
 * Makes BACKUP's aliases of the named indices PRIMARY's, in one atomic step with all other indices that
 * share an alias with them: a write alias that moves on leaves one index and reaches another at once.
 * @throws ClusterError or ClusterAnswerError when a cluster fails or BACKUP refuses.
 */
export async function levelAliases(
  primary: Cluster,
  backup: Cluster,
  names: readonly string[],
): Promise<void> {
  const expression = names.join(",");
  const own = [
    ...(await readDefinitions(primary, expression)).values(),
    ...(await readDefinitions(backup, expression)).values(),
  ];
  const aliases = new Set(own.flatMap((definition) => Object.keys(definition.aliases)).filter(isUsers));
  if (aliases.size === 0) return;
  const concerned = [...names, ...aliases].join(",");
  const takes = hasTypes(await backup.release()) ? withoutHidden : (body: JsonObject) => body;
  const look = async () =>
    [...(await readDefinitions(primary, concerned))].map(([index, found]) => [index, found.aliases] as const);
  await putUntilStill(
    await look(),
    async (seen) => {
      const onPrimary = new Map(seen);
      const on = [...new Set([...names, ...onPrimary.keys(), ...aliases])].join(",");
      const actions = [...(await readDefinitions(backup, on))].flatMap(([index, present]) =>
        aliasActions(index, onPrimary.get(index), present, { aliases, takes }),
      );
      if (actions.length > 0) await ask(backup, { method: "POST", path: "/_aliases", body: { actions } });
      return actions.length > 0;
    },
    look,
  );
}

interface Wanted {
  readonly aliases: ReadonlySet<string>;
  /** An alias of PRIMARY's as BACKUP takes it. */
  readonly takes: (body: JsonObject) => JsonObject;
}

/** Elasticsearch 6 has no hidden aliases. */
function withoutHidden({ is_hidden: _hidden, ...body }: JsonObject): JsonObject {
  return body;
}

/** Replication's own aliases are BACKUP's alone. */
function isUsers(alias: string): boolean {
  return !alias.startsWith("understudy-");
}

function aliasActions(
  index: string,
  wanted: JsonObject | undefined,
  present: IndexDefinition,
  { aliases, takes }: Wanted,
): readonly JsonObject[] {
  return [...aliases].flatMap((alias): readonly JsonObject[] => {
    const onPrimary = wanted?.[alias];
    const body = isObject(onPrimary) ? takes(onPrimary) : onPrimary;
    if (body === undefined) return present.aliases[alias] === undefined ? [] : [{ remove: { index, alias } }];
    if (JSON.stringify(present.aliases[alias]) === JSON.stringify(body)) return [];
    return [{ add: { index, alias, ...(typeof body === "object" ? body : {}) } }];
  });
}
