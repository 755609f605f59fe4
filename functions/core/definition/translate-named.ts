import type { Release } from "../cluster/release.ts";
import type { NamedDefinitionKind } from "../routing/endpoint.ts";
import { isObject, type JsonObject, withoutType } from "./index-definition.ts";
import { isTemplate } from "./named-definitions.ts";
import { translateMappings } from "./translate-mappings.ts";
import { type Translated, translateSettings } from "./translate-settings.ts";

/** What a cluster adds to a definition by itself, and does not take. */
const added = /^(created|modified)_date(_millis)?$/;

/**
 * A definition as BACKUP's release takes it: without what PRIMARY added, and without policies, which are not
 * replicated. The pipelines that a template names stay: templates are for the time after a promotion.
 */
export function translateNamed(of: NamedDefinitionKind, definition: JsonObject, target: Release): Translated {
  const kept = Object.fromEntries(Object.entries(definition).filter(([name]) => !added.test(name)));
  if (!isTemplate(of)) return { definition: kept, untranslated: [] };
  if (of === "template") return translateTemplate(kept, target);
  const { template, data_stream: stream } = kept;
  const inner = isObject(template) ? translateTemplate(template, target) : undefined;
  return {
    definition: {
      ...kept,
      ...(inner && { template: inner.definition }),
      ...(isObject(stream) && { data_stream: withoutDefaults(stream) }),
    },
    untranslated: inner?.untranslated ?? [],
  };
}

/** Each product says the defaults of a data stream in words that the other one refuses. */
function withoutDefaults(stream: JsonObject): JsonObject {
  const defaults: readonly unknown[] = [false, "false", `{"name":"@timestamp"}`];
  const said = Object.entries(stream).filter(
    ([, value]) => !defaults.some((each) => each === value || each === JSON.stringify(value)),
  );
  return Object.fromEntries(said);
}

function translateTemplate(template: JsonObject, target: Release): Translated {
  const { settings, mappings, lifecycle: _, ...rest } = template;
  const translated = isObject(settings) ? translateSettings(settings, target) : undefined;
  const mapped = isObject(mappings) ? translateMappings(withoutType(mappings), target) : undefined;
  return {
    definition: {
      ...rest,
      ...(isObject(settings) && { settings: { ...translated?.definition, ...pipelinesOf(settings) } }),
      ...(mapped && { mappings: mapped.definition }),
    },
    untranslated: [...(translated?.untranslated ?? []), ...(mapped?.untranslated ?? [])],
  };
}

function pipelinesOf(settings: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => /^index\.(default|final)_pipeline$/.test(name)),
  );
}
