import { isIntent } from "../../functions/core/intent/intents.ts";
import type { MemoryIndex } from "./cluster/memory-index.ts";
import type { Held } from "./cluster/memory-shard.ts";
import { fieldsOf, type Guesses } from "./guesses.ts";
import { intentPrefix, type Universe } from "./universe.ts";

type Parked = Universe["deadLetters"]["parked"][number];

/** Where BACKUP differs from PRIMARY: in ids, in a document's bytes, in routing, in whole indices. */
export function differences(universe: Universe): readonly string[] {
  const { primary, backup } = universe;
  const excused = new Set(universe.deadLetters.parked.flatMap((parked) => refusedForGuess(parked, universe)));
  const found: string[] = [];
  for (const [name, index] of primary.memory.catalog.indices) {
    const wanted = documentsOf(index.shards);
    const copy = backup.memory.catalog.indices.get(name);
    const held = copy === undefined ? new Map<string, Held>() : documentsOf(copy.shards);
    for (const [key, document] of wanted) {
      if (excused.has(`${name}/${document.id}`)) continue;
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
    if (copy !== undefined) found.push(...differentDefinition(index, copy, universe.guesses));
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

/** Aliases, the setting that clients change, and the fields that PRIMARY's mapping has. */
function differentDefinition(index: MemoryIndex, copy: MemoryIndex, guesses: Guesses): readonly string[] {
  const aliases = ({ aliases: all }: MemoryIndex) =>
    JSON.stringify([...all].filter(([alias]) => !alias.startsWith("understudy-")).sort());
  const found: string[] = [];
  if (aliases(index) !== aliases(copy))
    found.push(`${index.name} has the aliases ${aliases(copy)} on BACKUP, ${aliases(index)} on PRIMARY`);
  const refreshed = ({ settings }: MemoryIndex) => settings.get("index.refresh_interval");
  if (refreshed(index) !== refreshed(copy))
    found.push(
      `${index.name} is refreshed each ${refreshed(copy)} on BACKUP, ${refreshed(index)} on PRIMARY`,
    );
  const held = fieldsOf(copy);
  for (const [field, type] of fieldsOf(index)) {
    const own = held.get(field);
    if (!guesses.has(copy, field) && JSON.stringify(own) !== JSON.stringify(type))
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
 * The documents, as `index/id`, of a dead letter that waits for a person because BACKUP guessed the mapping of the
 * field that its reason names while PRIMARY was away (docs/simulation.md, "What is not held"); else none.
 */
function refusedForGuess({ body, reason }: Parked, { backup, guesses }: Universe): readonly string[] {
  const [, parsed, object] =
    /failed to parse field \[(\w+)\]|object mapping for \[(\w+)\]/.exec(reason) ?? [];
  const field = parsed ?? object;
  if (field === undefined) return [];
  const named = [...backup.memory.catalog.indices.values()].filter(
    (index) => guesses.has(index, field) && body.includes(`"${index.name}"`),
  );
  const ids = [...body.matchAll(/"(d\d+|auto\d+|last)"/g)].map(([, id]) => id);
  return named.flatMap(({ name }) => ids.map((id) => `${name}/${id}`));
}

/** What must be so when nothing is left to do: conservation of records, nothing forgotten in the store. */
export function leftovers(universe: Universe, poison: number): readonly string[] {
  const { queue, deadLetters, objects } = universe;
  const found: string[] = [];
  if (queue.waiting.length > 0) found.push(`${queue.waiting.length} records never come to an end`);
  if (queue.sent !== queue.removed + queue.waiting.length) {
    found.push(`conservation: ${queue.sent} sent, ${queue.removed} removed, ${queue.waiting.length} waiting`);
  }
  const excused = deadLetters.parked.filter((parked) => refusedForGuess(parked, universe).length > 0);
  const stay = deadLetters.waiting.length - poison - excused.length;
  if (stay > 0) found.push(`${stay} records stay parked after a redrive`);
  const intents = [...objects.objects.keys()].filter((key) => isIntent(key, intentPrefix));
  if (intents.length > 0) found.push(`${intents.length} intents stay for ever`);
  return found;
}
