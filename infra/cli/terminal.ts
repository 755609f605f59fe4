import { Presets, SingleBar } from "cli-progress";
import { knowsOption, type Options, textOption } from "./arguments.ts";

/** A bar, or nothing where nobody watches. */
export interface Progress {
  update(value: number, total: number): void;
  stop(): void;
}

/** Where a command's words go: the result to standard output, all that is on the way to standard error. */
export interface Terminal {
  /** For people, about what happens now. */
  say(line: string): void;
  /** The result: `text` for people, `json` for programs. */
  result(text: string, json: unknown): void;
  progress(label: string): Progress;
  /** Another command for the same gateway, to be pasted. */
  command(words: string): string;
}

const placeOptions = ["stack", "queue-url", "dead-letter-queue-url", "data-dir"];

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** This process's terminal. With `json`, standard output is one JSON document and nothing is drawn. */
export function createTerminal(options: Options): Terminal {
  const json = options["json"] === true;
  const place = (words: string) =>
    placeOptions.flatMap((name) => {
      const value = textOption(options, name);
      return value !== undefined && knowsOption(words, name) ? [`--${name} ${quoted(value)}`] : [];
    });
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  return {
    say: json ? () => undefined : say,
    result: (text, value) =>
      void process.stdout.write(json ? `${JSON.stringify(value, undefined, 2)}\n` : `${text}\n`),
    command: (words) => ["npx understudy", words, ...place(words)].join(" "),
    progress: (label) => (json || !process.stderr.isTTY ? silent : bar(label)),
  };
}

/** For a shell. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function bar(label: string): Progress {
  const format = `${label} {bar} {percentage}% | {value} of {total} | {duration_formatted}`;
  const drawn = new SingleBar({ format, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  let started = false;
  return {
    update(value, total) {
      if (!started) drawn.start(total, 0);
      started = true;
      drawn.setTotal(Math.max(total, value));
      drawn.update(value);
    },
    stop: () => drawn.stop(),
  };
}
