import { misspelt } from "./misspelt.ts";

export interface SettingSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A value of `cdk.json`'s context, or one given with `-c NAME=value`. */
  readonly context: (name: string) => unknown;
  readonly contextNames?: readonly string[];
}

export type Reader = ReturnType<typeof createReader>;

/** Every method returns something usable, so that one run finds all problems. Given values are never repeated. */
export function createReader(sources: SettingSources) {
  const problems: string[] = [];
  const problem = (name: string, message: string): void => {
    problems.push(`${name} ${message}`);
  };
  const asked = new Map<string, string | undefined>();
  const text = (name: string): string | undefined => {
    const given = find(name);
    asked.set(name, given);
    return given;
  };
  const find = (name: string): string | undefined => {
    for (const value of [sources.environment[name], sources.context(name)]) {
      if (typeof value === "string" && value.trim() !== "") return value.trim();
      if (typeof value === "number" || typeof value === "boolean") return String(value);
    }
    return undefined;
  };
  const integer = (name: string, min: number, max: number, why?: string): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    problem(name, `must be a whole number from ${min} to ${max}${because(why)}`);
    return undefined;
  };
  return {
    problem,
    text,
    flag(name: string, fallback: boolean): boolean {
      const given = text(name)?.toLowerCase();
      if (given !== undefined && given !== "true" && given !== "false") {
        problem(name, "must be true or false");
      }
      return given === undefined ? fallback : given === "true";
    },
    optionalInteger: integer,
    integer: (name: string, fallback: number, min: number, max: number): number =>
      integer(name, min, max) ?? fallback,
    choice<T extends string>(name: string, allowed: readonly T[], fallback: T, why?: string): T {
      const given = text(name)?.toLowerCase();
      if (given === undefined) return fallback;
      const found = allowed.find((value) => value === given);
      if (found === undefined) {
        problem(name, `must be ${allowed.join(", ")}${because(why)}`);
      }
      return found ?? fallback;
    },
    pattern(name: string, form: RegExp, description: string): string | undefined {
      const given = text(name);
      if (given !== undefined && !form.test(given)) problem(name, `must be ${description}`);
      return given;
    },
    /** A comma-separated list, each part in this form; empty when it is not set. */
    list(name: string, form: RegExp, description: string): readonly string[] {
      const parts = (text(name) ?? "").split(",").map((part) => part.trim());
      const given = parts.filter((part) => part !== "");
      if (!given.every((part) => form.test(part))) problem(name, `must be ${description}, comma-separated`);
      return given;
    },
    finish(): void {
      const names = [...Object.keys(sources.environment), ...(sources.contextNames ?? [])];
      const isSet = (name: string) => asked.get(name) !== undefined;
      for (const { name, reason } of misspelt(names, new Set(asked.keys()), isSet)) problem(name, reason);
      if (problems.length === 0) return;
      throw new Error(
        `The stack's settings have ${problems.length} problem(s); set them in the environment or in cdk.json's context:\n` +
          problems.map((line) => `  - ${line}`).join("\n"),
      );
    },
  };
}

function because(why: string | undefined): string {
  return why === undefined ? "" : ` (${why})`;
}
