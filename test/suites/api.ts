import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../support/client.ts";
import { elementsOf, type Fields, fieldsOf } from "./value.ts";

/** What the suite's `api/*.json` says of each function of a client. */
export type Apis = ReadonlyMap<string, Fields>;

/** Reads the definitions of a suite. */
export async function apisOf(suite: string): Promise<Apis> {
  const files = (await readdir(join(suite, "api"))).filter((file) => file.endsWith(".json"));
  const apis = await Promise.all(
    files.map(async (file) =>
      Object.entries(fieldsOf(JSON.parse(await readFile(join(suite, "api", file), "utf8")))),
    ),
  );
  return new Map(apis.flat().map(([name, api]) => [name, fieldsOf(api)]));
}

/**
 * The request that a client makes of a function and its arguments.
 * @throws when a client would not send it: an unknown function, or a part of the path is missing.
 */
export function callOf(apis: Apis, name: string, given: Fields): Call {
  const api = apis.get(name);
  if (api === undefined) throw new Error(`no such API: [${name}]`);
  const { body, ignore: _, ...args } = given;
  const chosen = pathFor(api, args);
  const query = Object.entries(args)
    .filter(([arg]) => !chosen.parts.includes(arg))
    .map(([arg, value]) => `${encodeURIComponent(arg)}=${encodeURIComponent(listed(value))}`);
  const path = chosen.path.replaceAll(/\{(\w+)\}/g, (_whole, part) => encodePart(listed(args[part])));
  const methods = elementsOf(chosen.methods).map(String);
  const preferred = body === undefined ? methods[0] : (methods.find((method) => method !== "GET") ?? "GET");
  const asLines = fieldsOf(api["body"])["serialize"] === "bulk";
  return {
    method: preferred ?? "GET",
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers: body === undefined || asLines ? {} : { "content-type": "application/json" },
    ...(body !== undefined && { body: asLines ? linesOf(body) : textOf(body) }),
  };
}

/** The path that takes most of the arguments. */
function pathFor(api: Fields, args: Fields) {
  const paths = elementsOf(fieldsOf(api["url"])["paths"]).map((entry) => {
    const { path, methods, parts } = fieldsOf(entry);
    return { path: String(path), methods, parts: Object.keys(fieldsOf(parts)) };
  });
  const possible = paths.filter(({ parts }) => parts.every((part) => listed(args[part]) !== ""));
  const [chosen] = possible.sort((a, b) => b.parts.length - a.parts.length);
  if (chosen === undefined) throw new Error("a part of the path is missing");
  return chosen;
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value ?? "");
}

function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll("%2C", ",");
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function linesOf(body: unknown): string {
  if (typeof body === "string") return body.endsWith("\n") ? body : `${body}\n`;
  return elementsOf(body)
    .map((line) => `${textOf(line).trimEnd()}\n`)
    .join("");
}
