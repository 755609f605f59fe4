import { firstKey, nextKey, skipString, skipValue, stringIs, valueAfter } from "./json-scan.ts";
import { nameIndex, nameTable } from "./name-table.ts";
import type { BulkAction, ByteRange } from "./operation.ts";
import { scalar, tokenAt } from "./scalar.ts";
import { type Cell, Template } from "./template.ts";
import { type WantedSource, wantedInJson } from "./wanted-source.ts";

/**
 * What one action line says. Members that decide nothing here are not looked at: PRIMARY knows its parameters.
 * A reader uses the same object for every line: it holds until the next one is read.
 */
export interface ActionLine {
  readonly kind: "action";
  action: BulkAction;
  index: string | undefined;
  type: string | undefined;
  id: string | undefined;
  routing: string | undefined;
  /** 5.x and 6.x: the parent's id, which routes where `routing` does not. */
  parent: string | undefined;
  pipeline: string | undefined;
  requireAlias: boolean | undefined;
  version: string | undefined;
  versionType: string | undefined;
  /** Carries `if_seq_no` or `if_primary_term`. */
  conditional: boolean;
  source: WantedSource | undefined;
}

/** Every spelling that some version knows. A spelling that PRIMARY does not know makes it refuse the request. */
const MEMBERS = nameTable([
  "_index",
  "_id",
  "routing",
  "_type",
  "pipeline",
  "version",
  "version_type",
  "_source",
  "require_alias",
  "op_type",
  "if_seq_no",
  "if_primary_term",
  "_routing",
  "parent",
  "_parent",
  "_version",
  "_version_type",
  "versionType",
  "_versionType",
]);
type Member = (typeof MEMBERS)["names"][number];

/** What lines say that begin alike, and where they say it: mostly all but their ids is the same. */
export class ActionPattern {
  readonly line: ActionLine = { kind: "action", action: "index", ...nothingSaid };
  readonly #body: Buffer;
  readonly #template: Template;
  readonly #id: Cell = { start: 0, end: 0 };
  readonly #index: Cell = { start: 0, end: 0 };
  readonly #routing: Cell = { start: 0, end: 0 };

  constructor(body: Buffer) {
    this.#body = body;
    this.#template = new Template(body);
  }

  /** Reads the line into `line` if it is like the one that was learnt, and says whether it is. Throws `JsonScanError`. */
  readAlike(start: number, end: number): boolean {
    const closed = this.#template.match(start);
    if (closed === -1 || closed > end) return false;
    const line = this.line;
    if (this.#id.start !== 0) line.id = this.#text(this.#id, undefined);
    if (this.#index.start !== 0) line.index = this.#text(this.#index, line.index);
    if (this.#routing.start !== 0) line.routing = this.#text(this.#routing, line.routing);
    return true;
  }

  learn(start: number, closed: number): void {
    this.#template.learn(start, closed, [this.#id, this.#index, this.#routing]);
  }

  /** Reads the object at `open` into `line`. Throws `JsonScanError`. */
  parse(open: number, action: BulkAction): { readonly closed: number; readonly problem: string | undefined } {
    const body = this.#body;
    Object.assign(this.line, nothingSaid);
    this.line.action = action;
    for (const cell of [this.#id, this.#index, this.#routing]) cell.start = 0;
    let problem: string | undefined;
    let key = firstKey(body, open);
    while (key >= 0) {
      const keyEnd = skipString(body, key);
      const start = valueAfter(body, keyEnd);
      const end = skipValue(body, start);
      const name = MEMBERS.names[nameIndex(body, key, keyEnd, MEMBERS)];
      if (name !== undefined) problem ??= this.#member(name, { start, end });
      key = nextKey(body, end);
    }
    return { closed: ~key, problem };
  }

  /** Answers why the value cannot be the member's. */
  #member(name: Member, value: ByteRange): string | undefined {
    const body = this.#body;
    const first = body[value.start];
    if (name === "_source" && first !== 0x5b) {
      this.line.source = wantedInJson(body, value);
      return undefined;
    }
    if (first === 0x7b || first === 0x5b) {
      return `expected a simple value for field [${name}] but found [${tokenAt(body, value.start)}]`;
    }
    const text = scalar(body, value.start, value.end);
    const cell = this.#cellOf(name);
    if (text !== undefined && cell !== undefined) Object.assign(cell, value);
    setMember(this.line, name, text);
    return undefined;
  }

  /** Of two spellings the last one counts: both have the one cell. */
  #cellOf(name: Member): Cell | undefined {
    switch (name) {
      case "_id":
        return this.#id;
      case "_index":
        return this.#index;
      case "routing":
      case "_routing":
        return this.#routing;
      default:
        return undefined;
    }
  }

  #text({ start, end }: Cell, expected: string | undefined): string | undefined {
    const same =
      expected !== undefined && this.#body[start] === 0x22 && stringIs(this.#body, start, end, expected);
    return same ? expected : scalar(this.#body, start, end);
  }
}

const nothingSaid = {
  index: undefined,
  type: undefined,
  id: undefined,
  routing: undefined,
  parent: undefined,
  pipeline: undefined,
  requireAlias: undefined,
  version: undefined,
  versionType: undefined,
  conditional: false,
  source: undefined,
};

function setMember(line: ActionLine, name: Member, text: string | undefined): void {
  if (text === undefined) return;
  switch (name) {
    case "_index":
      line.index = text;
      break;
    case "_type":
      line.type = text;
      break;
    case "_id":
      line.id = text;
      break;
    case "routing":
    case "_routing":
      line.routing = text;
      break;
    case "parent":
    case "_parent":
      line.parent = text;
      break;
    case "pipeline":
      line.pipeline = text;
      break;
    case "require_alias":
      line.requireAlias = text === "true";
      break;
    case "op_type":
      if (line.action === "index" && text === "create") line.action = "create";
      break;
    case "version":
    case "_version":
      line.version = text;
      break;
    case "version_type":
    case "_version_type":
    case "versionType":
    case "_versionType":
      line.versionType = text;
      break;
    case "if_seq_no":
    case "if_primary_term":
      line.conditional = true;
      break;
    case "_source":
      break;
    default:
      name satisfies never;
  }
}
