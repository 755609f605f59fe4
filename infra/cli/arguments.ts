import { type ParseArgsConfig, parseArgs } from "node:util";
import { type CommandName, commandNames, usage } from "./usage.ts";

/** Options by their long name without dashes; a flag is `true`. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: "run"; readonly command: CommandName; readonly options: Options }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "refused"; readonly problem: string; readonly text: string };

const flag = { type: "boolean" } as const;
const text = { type: "string" } as const;
const everywhere = { json: flag, help: flag, "data-dir": text };
const queues = { ...everywhere, stack: text, "queue-url": text, "dead-letter-queue-url": text };

const optionsOf: Record<CommandName, NonNullable<ParseArgsConfig["options"]>> = {
  status: { ...everywhere, stack: text, url: text },
  seed: { ...queues, index: text, wait: text },
  verify: { ...queues, index: text, repair: flag, sources: flag, looks: text, wait: text },
  "dead-letters list": { ...queues, limit: text },
  "dead-letters redrive": { ...queues, wait: text, limit: text },
  "dead-letters discard": { ...queues, yes: flag, "payload-bucket": text },
};

/** Options whose value is a whole number. */
const numbers = ["limit", "looks", "wait"];

/** Whether the command that these words begin with takes the option. */
export function knowsOption(words: string, option: string): boolean {
  const command = commandNames.find((name) => `${words} `.startsWith(`${name} `));
  return command !== undefined && option in optionsOf[command];
}

/** Reads the arguments; what is unknown or out of place is refused, with the usage. */
export function readArguments(words: readonly string[]): Invocation {
  const [first = "", second = ""] = words;
  if (["", "help", "--help", "-h"].includes(first)) return { kind: "help", text: usage(undefined) };
  const command = commandNames.find((name) => name === first || name === `${first} ${second}`);
  if (command === undefined) {
    if (first === "dead-letters" && ["--help", ""].includes(second)) return deadLettersHelp();
    const given = first === "dead-letters" ? `${first} ${second}` : first;
    return { kind: "refused", problem: `there is no command [${given}]`, text: usage(undefined) };
  }
  try {
    const args = words.slice(command.split(" ").length);
    const { values } = parseArgs({ args: [...args], options: optionsOf[command], strict: true });
    return checked(command, optionsIn(values));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's message goes on with advice for positional arguments, which no command has.
    const problem = error.message.split(". ")[0] ?? error.message;
    return { kind: "refused", problem, text: usage(command) };
  }
}

function deadLettersHelp(): Invocation {
  const names = commandNames.filter((name) => name.startsWith("dead-letters"));
  return { kind: "help", text: names.map((name) => usage(name)).join("\n") };
}

function optionsIn(values: Readonly<Record<string, unknown>>): Options {
  const given = Object.entries(values).filter(
    (entry): entry is [string, string | boolean] => typeof entry[1] === "string" || entry[1] === true,
  );
  return Object.fromEntries(given);
}

function checked(command: CommandName, options: Options): Invocation {
  if (options["help"] === true) return { kind: "help", text: usage(command) };
  for (const name of numbers) {
    const value = options[name];
    if (value !== undefined && !/^\d{1,7}$/.test(String(value))) {
      const problem = `--${name} must be a whole number; it is [${value}]`;
      return { kind: "refused", problem, text: usage(command) };
    }
  }
  return { kind: "run", command, options };
}

/** A text option; `undefined` when it is not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

/** A numeric option, or what stands for it. */
export function numberOption<T>(options: Options, name: string, otherwise: T): number | T {
  const value = options[name];
  return typeof value === "string" ? Number(value) : otherwise;
}
