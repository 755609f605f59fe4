import { ClusterAnswerError } from "../core/cluster/json-request.ts";
import { supportedRelease } from "../core/definition/define-index.ts";
import type { JsonObject } from "../core/definition/index-definition.ts";
import {
  isOfTheProduct,
  isTemplate,
  putNamed,
  readNamed,
  removeNamed,
} from "../core/definition/named-definitions.ts";
import { readPrimaryState } from "../core/definition/primary-state.ts";
import { translateNamed } from "../core/definition/translate-named.ts";
import type { NamedDefinitionKind } from "../core/routing/endpoint.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** BACKUP's product or version does not take a definition: it is parked with the reason, for a person. */
export class DefinitionRefused extends Error {
  override readonly name = "DefinitionRefused";
}

/** After so many changes of PRIMARY's in a row it is left for later. */
const roundsMax = 5;

/**
 * Makes BACKUP's templates, pipelines or scripts equal to PRIMARY's present ones for all that the pattern names.
 * PRIMARY is read again after BACKUP was changed, so that of two that level the same name the slower one cannot
 * leave an older definition behind.
 * @throws DefinitionRefused; TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function defineNamed(
  of: NamedDefinitionKind,
  pattern: string,
  services: ReplayServices,
): Promise<void> {
  const refusals: string[] = [];
  for (const name of pattern.split(",")) {
    const before = await readPrimary(of, name, services);
    refusals.push(...(await settle(of, name, before, services)));
  }
  if (refusals.length > 0) throw new DefinitionRefused(refusals.slice(0, 3).join("; "));
}

async function settle(
  of: NamedDefinitionKind,
  name: string,
  first: ReadonlyMap<string, JsonObject>,
  services: ReplayServices,
): Promise<readonly string[]> {
  let before = first;
  for (let round = 0; round < roundsMax; round++) {
    const refusals = await makeEqual(of, name, before, services);
    const after = await readPrimary(of, name, services);
    if (JSON.stringify([...after]) === JSON.stringify([...before])) return refusals;
    before = after;
  }
  throw new TruthUnsettled(`PRIMARY keeps changing its ${of} [${name}]`);
}

async function readPrimary(of: NamedDefinitionKind, name: string, { primary }: ReplayServices) {
  // A cluster that is only just starting has no definitions either: this throws then.
  await readPrimaryState(primary, ["understudy-none"]);
  return meant(name, await readNamed(primary, of, name));
}

/** @returns what BACKUP refused. */
async function makeEqual(
  of: NamedDefinitionKind,
  name: string,
  wanted: ReadonlyMap<string, JsonObject>,
  services: ReplayServices,
): Promise<readonly string[]> {
  const { backup, shield } = services;
  const present = meant(name, await readNamed(backup, of, name));
  for (const gone of [...present.keys()].filter((each) => !wanted.has(each))) {
    // One that is still in use is let go of by another record.
    await removeNamed(backup, of, gone);
    services.untranslated.replace(`${of}/${gone}`, []);
  }
  if (wanted.size === 0) return [];
  const unshielded = isTemplate(of) ? await shield.raise() : undefined;
  if (unshielded !== undefined) return [`BACKUP keeps no templates: they would apply there; ${unshielded}`];
  const target = await supportedRelease(backup);
  const refusals: string[] = [];
  for (const [each, definition] of wanted) {
    refusals.push(...(await defineComponents(of, definition, services)));
    try {
      const { definition: body, untranslated } = translateNamed(of, definition, target);
      await putNamed(backup, of, each, body);
      services.untranslated.replace(`${of}/${each}`, untranslated);
    } catch (error) {
      if (!(error instanceof ClusterAnswerError) || ![400, 404, 405].includes(error.status)) throw error;
      refusals.push(error.message);
    }
  }
  return refusals;
}

/** What an index template is composed of has to be there before it. */
async function defineComponents(
  of: NamedDefinitionKind,
  definition: JsonObject,
  services: ReplayServices,
): Promise<readonly string[]> {
  const names = of === "index-template" ? definition["composed_of"] : undefined;
  if (!Array.isArray(names)) return [];
  const refusals: string[] = [];
  for (const name of names.map(String)) {
    const component = await readPrimary("component-template", name, services);
    if (component.size > 0)
      refusals.push(...(await makeEqual("component-template", name, component, services)));
  }
  return refusals;
}

/** Replication's own are not PRIMARY's; a wildcard does not mean those that a product brings with it. */
function meant(name: string, found: ReadonlyMap<string, JsonObject>): ReadonlyMap<string, JsonObject> {
  const wild = name.includes("*");
  return new Map(
    [...found].filter(
      ([each, definition]) => !each.startsWith("understudy-") && !(wild && isOfTheProduct(each, definition)),
    ),
  );
}
