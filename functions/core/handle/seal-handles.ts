import type { Readable } from "node:stream";
import type { Headers } from "../cluster/port.ts";
import { replaceStrings } from "../http/replace-strings.ts";
import type { HandleUse } from "./handle-use.ts";

/** An answer that may hold handles. */
export interface Sealable {
  readonly headers: Headers;
  readonly body: Buffer | Readable;
}

/** Where Elasticsearch repeats a handle, or, with answers in CSV or text, puts it alone. */
const handleHeaders = ["cursor", "x-elasticsearch-async-id"] as const;

/** In `responses`, `pits` and `response`: deeper there are documents. */
const depthMax = 3;

/** The answer with its handles sealed, and otherwise the cluster's bytes, as they come. */
export function sealHandles<T extends Sealable>(
  answer: T,
  { given }: Pick<HandleUse, "given">,
  seal: (original: string) => string,
): T & Sealable {
  const headers = { ...answer.headers };
  for (const name of handleHeaders) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") headers[name] = seal(value);
  }
  if (!String(headers["content-type"] ?? "").includes("json")) return { ...answer, headers };
  const body = replaceStrings(answer.body, {
    depthMax: given.inner.length > 0 ? depthMax : 1,
    isMeant: (name, depth) => (depth === 1 ? given.own : given.inner).includes(name),
    replace: (original) => JSON.stringify(original === "" ? "" : seal(original)),
    once: given.inner.length === 0 && !given.own.includes("cursor"),
  });
  return { ...answer, headers, body };
}
