import { isIntent } from "../../functions/core/intent/intents.ts";
import { isObject } from "./cluster/json.ts";
import type { MemoryIndex } from "./cluster/memory-index.ts";
import type { Held } from "./cluster/memory-shard.ts";
import { intentPrefix, type Universe } from "./universe.ts";

/** Where BACKUP differs from PRIMARY: in ids, in a document's bytes, in routing, in whole indices. */
export function differences(universe: Universe): readonly string[] {
  const { primary, backup } = universe;
  const refused = refusedForMapping(universe);
  const found: string[] = [];
  for (const [name, index] of primary.memory.catalog.indices) {
    const wanted = documentsOf(index.shards);
    const copy = backup.memory.catalog.indices.get(name);
    const held = copy === undefined ? new Map<string, Held>() : documentsOf(copy.shards);
    for (const [key, document] of wanted) {
      if (refused.has(document.id)) continue;
      const other = held.get(key);
      if (other === undefined)
        found.push(`${name}/${key} is missing on BACKUP: ${document.source?.slice(0, 80)}`);
      else if (other.source !== document.source) {
        found.push(
          `${name}/${key} is ${other.source?.slice(0, 80)} on BACKUP, ${document.source?.slice(0, 80)} on PRIMARY`,
        );
      } else if (other.routing !== document.routing && !mayLackRouting(index, document, other)) {
        found.push(`${name}/${key} is routed by ${other.routing} on BACKUP, ${document.routing} on PRIMARY`);
      }
    }
    if (copy !== undefined) found.push(...differentDefinition(index, copy, primaryWasAway(universe)));
    for (const [key, document] of held) {
      if (!wanted.has(key)) found.push(`${name}/${key} is only on BACKUP: ${document.source?.slice(0, 80)}`);
    }
  }
  found.push(...differentOpenness(universe));
  for (const [name, index] of backup.memory.catalog.indices) {
    if (name.startsWith("understudy-") || primary.memory.catalog.indices.has(name)) continue;
    found.push(`index ${name} is only on BACKUP, with ${documentsOf(index.shards).size} documents`);
  }
  return found;
}

/** Indices that are open on one side and closed on the other. */
export function differentOpenness({ primary, backup }: Universe): readonly string[] {
  return [...primary.memory.catalog.indices.values()].flatMap(({ name, closed }) => {
    const copy = backup.memory.catalog.indices.get(name);
    return copy === undefined || copy.closed === closed
      ? []
      : [`${name} is ${copy.closed ? "closed" : "open"} on BACKUP, not as on PRIMARY`];
  });
}

/** Aliases, and the fields that PRIMARY's mapping has. */
function differentDefinition(index: MemoryIndex, copy: MemoryIndex, guessed: boolean): readonly string[] {
  const aliases = ({ aliases: all }: MemoryIndex) =>
    JSON.stringify([...all].filter(([alias]) => !alias.startsWith("understudy-")).sort());
  const found: string[] = [];
  if (aliases(index) !== aliases(copy))
    found.push(`${index.name} has the aliases ${aliases(copy)} on BACKUP, ${aliases(index)} on PRIMARY`);
  const fieldsOf = ({ mapping: { definition } }: MemoryIndex) =>
    new Map(isObject(definition["properties"]) ? Object.entries(definition["properties"]) : []);
  const held = fieldsOf(copy);
  for (const [field, type] of fieldsOf(index)) {
    const own = held.get(field);
    if (!guessed && JSON.stringify(own) !== JSON.stringify(type))
      found.push(`${index.name}: field [${field}] is ${JSON.stringify(own)} on BACKUP, not as on PRIMARY`);
  }
  return found;
}

/**
 * An update keeps a routing that its answer does not show, and nothing told this process that another one had given
 * the index's first routing a moment ago (docs/delivery.md, "Known losses and limits").
 */
function mayLackRouting({ aliases }: MemoryIndex, document: Held, other: Held): boolean {
  const told = [...aliases.values()].some((alias) => alias["index_routing"] !== undefined);
  return !told && other.routing === undefined && document.source?.includes('"u":') === true;
}

function documentsOf(shards: readonly { documents(): readonly Held[] }[]): Map<string, Held> {
  const all = new Map<string, Held>();
  for (const [at, shard] of shards.entries()) {
    for (const document of shard.documents()) all.set(`${at}/${document.id}`, document);
  }
  return all;
}

/**
 * Documents that wait for a person because BACKUP's mapping cannot take them: allowed only where PRIMARY was
 * away, so that BACKUP had to guess the mapping of a field (docs/simulation.md, "What is not held").
 */
export function refusedForMapping(universe: Universe): ReadonlySet<string> {
  const ids = new Set<string>();
  if (!primaryWasAway(universe)) return ids;
  for (const { body, reason } of universe.deadLetters.parked) {
    if (!/mapper_parsing_exception|illegal_argument_exception/.test(reason)) continue;
    for (const [, id] of `${reason} ${body}`.matchAll(/["'](d\d+|auto\d+|last)["']/g))
      if (id !== undefined) ids.add(id);
  }
  return ids;
}

function primaryWasAway({ weather, incidents }: Universe): boolean {
  return (
    [...incidents].some((name) => /^PRIMARY (is gone|restarts)/.test(name)) ||
    [...weather.struck.keys()].some((fault) => fault.startsWith("primary"))
  );
}

/** What must be so when nothing is left to do: conservation of records, nothing forgotten in the store. */
export function leftovers(universe: Universe, poison: number): readonly string[] {
  const { queue, deadLetters, objects } = universe;
  const found: string[] = [];
  if (queue.waiting.length > 0) found.push(`${queue.waiting.length} records never come to an end`);
  if (queue.sent !== queue.removed + queue.waiting.length) {
    found.push(`conservation: ${queue.sent} sent, ${queue.removed} removed, ${queue.waiting.length} waiting`);
  }
  if (deadLetters.waiting.length > poison && refusedForMapping(universe).size === 0) {
    found.push(`${deadLetters.waiting.length - poison} records stay parked after a redrive`);
  }
  const intents = [...objects.objects.keys()].filter((key) => isIntent(key, intentPrefix));
  if (intents.length > 0) found.push(`${intents.length} intents stay for ever`);
  return found;
}
