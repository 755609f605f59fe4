import * as v from "valibot";

/** What a body says by a schema; `undefined` where it is not JSON, or not of the schema. Never throws. */
export function jsonAs<T>(schema: v.GenericSchema<unknown, T>, body: Buffer): T | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(body.toString("utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
