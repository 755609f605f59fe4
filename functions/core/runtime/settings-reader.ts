import * as v from "valibot";
import type { Environment } from "./config.ts";

/** Forms of settings; each message completes a sentence that begins with the setting's name. */
export const whole = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, "must be a whole number"),
    v.transform(Number),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
export const flag = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.picklist(["true", "false"], "must be true or false"),
  v.transform((text) => text === "true"),
);
export const oneOf = <const T extends readonly string[]>(...values: T) =>
  v.picklist(values, `must be one of: ${values.join(", ")}`);
export const text = v.pipe(v.string(), v.nonEmpty());
export const url = v.pipe(
  v.string(),
  v.url("must be a URL"),
  v.transform((given) => new URL(given)),
);

/** Reads settings one by one and remembers what is wrong, so that all problems are reported at once. */
export function settingsReader(environment: Environment) {
  const problems: string[] = [];
  function optional<T>(name: string, schema: v.GenericSchema<string, T>): T | undefined {
    const value = environment[name];
    if (value === undefined || value === "") return undefined;
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return parsed.output;
    problems.push(`${name} ${parsed.issues[0].message}; it is [${shown(name, value)}]`);
    return undefined;
  }
  function withDefault<T>(name: string, schema: v.GenericSchema<string, T>, fallback: T): T {
    return optional(name, schema) ?? fallback;
  }
  function required<T>(name: string, schema: v.GenericSchema<string, T>, placeholder: T, hint: string): T {
    if ((environment[name] ?? "") === "") problems.push(`${name} is not set: ${hint}`);
    return optional(name, schema) ?? placeholder;
  }
  return { problems, optional, withDefault, required };
}

export type SettingsReader = ReturnType<typeof settingsReader>;

/** A value for a message: no passwords, neither a setting of their own nor those in a URL. */
function shown(name: string, value: string): string {
  return /_PASSWORD$|^HANDLE_KEY$/.test(name) ? "…" : value.replace(/[^,]*@/g, "…@");
}
