import type { Release } from "../cluster/release.ts";
import {
  type Availability,
  dynamicValues,
  fieldParameters,
  isIn,
  rootParameters,
  typeOf,
} from "./feature-table.ts";
import { isObject, type JsonObject } from "./index-definition.ts";
import { hasClassicSimilarity, type Translated, type Untranslated } from "./translate-settings.ts";

/** A field whose documents' values are stored and not searched; it takes any JSON. */
export const storedOnly: JsonObject = { type: "object", enabled: false };

/**
 * PRIMARY's mapping, without types, as BACKUP's release takes it: what it does not have is replaced by what
 * comes nearest, so that every document still fits.
 */
export function translateMappings(mappings: JsonObject, target: Release): Translated {
  const untranslated: Untranslated[] = [];
  const note = (path: string, reason: string) => void untranslated.push({ path: `mappings/${path}`, reason });
  const { properties, dynamic_templates: templates, _source: source, ...root } = mappings;
  const definition: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(root)) {
    if (name === "_data_stream_timestamp") continue;
    if (unknownTo(target, rootParameters, name)) note(name, "BACKUP does not know this part of a mapping");
    else definition[name] = name === "dynamic" ? dynamicFor(value, name, target, note) : value;
  }
  // How PRIMARY keeps `_source` is its own affair: BACKUP stores it.
  if (isObject(source)) {
    const { mode: _mode, ...kept } = source;
    if (Object.keys(kept).length > 0) definition["_source"] = kept;
  }
  if (Array.isArray(templates)) {
    definition["dynamic_templates"] = templates.flatMap((each) => template(each, target, note));
  }
  if (isObject(properties)) definition["properties"] = translateFields(properties, "", target, note);
  return { definition, untranslated };
}

type Note = (path: string, reason: string) => void;

function unknownTo(target: Release, table: Readonly<Record<string, Availability>>, name: string): boolean {
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  return row !== undefined && !isIn(target, row);
}

function dynamicFor(value: unknown, path: string, target: Release, note: Note): unknown {
  const row = Object.hasOwn(dynamicValues, String(value)) ? dynamicValues[String(value)] : undefined;
  if (row === undefined || isIn(target, row)) return value;
  note(path, `BACKUP does not know dynamic [${value}]: ${row.instead} stands for it`);
  return row.instead;
}

function translateFields(fields: JsonObject, path: string, target: Release, note: Note): JsonObject {
  const translated = Object.entries(fields).map(([name, field]): [string, unknown] => [
    name,
    isObject(field) ? translateField(field, `${path}${name}`, target, note) : field,
  ]);
  return Object.fromEntries(translated);
}

function translateField(field: JsonObject, path: string, target: Release, note: Note): JsonObject {
  const type = typeof field["type"] === "string" ? field["type"] : "object";
  const row = typeOf(type);
  if (isIn(target, row)) return withKnownParameters(field, path, target, note);
  const substitute = row.instead?.find((each) => isIn(target, typeOf(each.type)));
  if (substitute === undefined) {
    note(path, `BACKUP does not have the type [${type}]: the field is stored and not searched`);
    return storedOnly;
  }
  note(
    path,
    `BACKUP does not have the type [${type}]: ${substitute.type} stands for it, and ${substitute.differs}`,
  );
  const keeps = ["copy_to", "fields", ...(substitute.keeps ?? [])];
  const kept = Object.entries(field).filter(([name]) => keeps.includes(name));
  const replaced = { type: substitute.type, ...substitute.adds, ...Object.fromEntries(kept) };
  return withKnownParameters(replaced, path, target, note);
}

function withKnownParameters(field: JsonObject, path: string, target: Release, note: Note): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(field)) {
    const scoring = name === "similarity" && value === "classic" && !hasClassicSimilarity(target);
    if (scoring || unknownTo(target, fieldParameters, name)) {
      note(path, `BACKUP does not know the parameter [${name}] as it is here`);
    } else if (name === "properties" && isObject(value)) {
      kept[name] = translateFields(value, `${path}.`, target, note);
    } else if (name === "fields" && isObject(value)) {
      kept[name] = multiFields(value, `${path}.`, target, note);
    } else kept[name] = name === "dynamic" ? dynamicFor(value, path, target, note) : value;
  }
  return kept;
}

/** A multi-field cannot be an object: one that has no substitute goes. */
function multiFields(fields: JsonObject, path: string, target: Release, note: Note): JsonObject {
  const kept = Object.entries(translateFields(fields, path, target, note)).filter(
    ([, field]) => field !== storedOnly,
  );
  return Object.fromEntries(kept);
}

function template(entry: unknown, target: Release, note: Note): readonly unknown[] {
  if (!isObject(entry)) return [entry];
  const [[name = "", rule] = []] = Object.entries(entry);
  if (!isObject(rule)) return [entry];
  const path = `dynamic_templates.${name}`;
  if ("runtime" in rule && unknownTo(target, rootParameters, "runtime")) {
    note(path, "BACKUP does not have runtime fields");
    return [];
  }
  const { mapping } = rule;
  if (!isObject(mapping)) return [entry];
  return [{ [name]: { ...rule, mapping: translateField(mapping, path, target, note) } }];
}
