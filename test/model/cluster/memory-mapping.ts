import { type Failure, isObject, type Json, type JsonObject } from "./json.ts";

/** A mapping that grows by what documents hold, in the order in which they come (docs/cluster-semantics.md, section 5). */
export interface MemoryMapping {
  /** As `GET /{index}` shows it. */
  readonly definition: JsonObject;
  /** Grows with every change. */
  readonly version: number;
  /** Takes a document's fields into the mapping, or says why they do not fit. */
  take(id: string, document: JsonObject): Failure | undefined;
  /** `PUT _mapping`. */
  merge(update: JsonObject): Failure | undefined;
}

type Properties = Record<string, Json>;

const datePattern = /^\d{4}(-\d{2}(-\d{2}(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?)?)?$/;
const detectedDate = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?$/;

export function createMapping(initial: JsonObject): MemoryMapping {
  let { properties, ...rest } = initial;
  let fields: Properties = isObject(properties) ? { ...properties } : {};
  let version = 1;
  return {
    get definition() {
      return Object.keys(fields).length === 0 ? rest : { ...rest, properties: fields };
    },
    get version() {
      return version;
    },
    take(id, document) {
      const grown: Properties = { ...fields };
      const failure = takeObject(grown, document, "", { id, dynamic: rest["dynamic"] ?? true });
      if (failure !== undefined) return failure;
      if (differs(grown, fields)) {
        fields = grown;
        version += 1;
      }
      return undefined;
    },
    merge(update) {
      const { properties: added, ...others } = update;
      const merged: Properties = { ...fields };
      const failure = isObject(added) ? mergeProperties(merged, added, "") : undefined;
      if (failure !== undefined) return failure;
      const before = JSON.stringify([fields, rest]);
      fields = merged;
      rest = { ...rest, ...others };
      if (JSON.stringify([fields, rest]) !== before) version += 1;
      return undefined;
    },
  };
}

function differs(grown: Properties, fields: Properties): boolean {
  if (Object.keys(grown).every((name) => grown[name] === fields[name])) return false;
  return JSON.stringify(grown) !== JSON.stringify(fields);
}

interface Taking {
  readonly id: string;
  readonly dynamic: Json;
}

function takeObject(
  fields: Properties,
  value: JsonObject,
  prefix: string,
  taking: Taking,
): Failure | undefined {
  for (const [name, member] of Object.entries(value)) {
    if (name === "") return misfit("field name cannot be an empty string");
    const failure = takeField(fields, name, member, prefix, taking);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function takeField(
  fields: Properties,
  name: string,
  value: Json,
  prefix: string,
  taking: Taking,
): Failure | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const failure = takeField(fields, name, item, prefix, taking);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }
  if (value === null) return undefined;
  const path = prefix + name;
  const present = fields[name];
  if (!isObject(present)) {
    if (taking.dynamic === false || taking.dynamic === "false") return undefined;
    if (taking.dynamic === "strict") {
      const reason = `mapping set to strict, dynamic introduction of [${path}] within [_doc] is not allowed`;
      return { status: 400, type: "strict_dynamic_mapping_exception", reason };
    }
  }
  const field = isObject(present) ? present : guess(value);
  const inner = field["properties"];
  if (field["type"] === undefined || field["type"] === "object") {
    if (!isObject(value)) {
      return misfit(
        `object mapping for [${path}] tried to parse field [${name}] as object, but found a concrete value`,
      );
    }
    const grown: Properties = isObject(inner) ? { ...inner } : {};
    const failure = takeObject(grown, value, `${path}.`, taking);
    if (failure === undefined) fields[name] = { ...field, properties: grown };
    return failure;
  }
  const type = String(field["type"]);
  if (!fits(type, value)) {
    return misfit(`failed to parse field [${path}] of type [${type}] in document with id '${taking.id}'`);
  }
  fields[name] = field;
  return undefined;
}

function misfit(reason: string): Failure {
  return { status: 400, type: "mapper_parsing_exception", reason };
}

function guess(value: Json): JsonObject {
  if (typeof value === "boolean") return { type: "boolean" };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "long" : "float" };
  if (typeof value === "string") {
    if (detectedDate.test(value)) return { type: "date" };
    return { type: "text", fields: { keyword: { type: "keyword", ignore_above: 256 } } };
  }
  return { properties: {} };
}

function fits(type: string, value: Json): boolean {
  if (isObject(value)) return false;
  switch (type) {
    case "long":
    case "integer":
    case "float":
    case "double":
      return (
        typeof value === "number" ||
        (typeof value === "string" && value !== "" && !Number.isNaN(Number(value)))
      );
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false" || value === "";
    case "date":
      return typeof value === "number" || (typeof value === "string" && datePattern.test(value));
    default:
      return true;
  }
}

function mergeProperties(fields: Properties, added: JsonObject, prefix: string): Failure | undefined {
  for (const [name, field] of Object.entries(added)) {
    const present = fields[name];
    if (!isObject(field)) continue;
    if (!isObject(present)) {
      fields[name] = field;
      continue;
    }
    const [from, to] = [present["type"] ?? "object", field["type"] ?? "object"];
    if (from !== to) {
      const reason = `mapper [${prefix}${name}] cannot be changed from type [${from}] to [${to}]`;
      return { status: 400, type: "illegal_argument_exception", reason };
    }
    const [held, given] = [present["properties"], field["properties"]];
    if (isObject(given)) {
      const inner: Properties = isObject(held) ? { ...held } : {};
      const failure = mergeProperties(inner, given, `${prefix}${name}.`);
      if (failure !== undefined) return failure;
      fields[name] = { ...field, properties: inner };
    } else {
      fields[name] = { ...present, ...field };
    }
  }
  return undefined;
}
