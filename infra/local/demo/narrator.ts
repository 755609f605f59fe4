import { SingleBar } from "cli-progress";

/** Tells a person what happens, and remembers whether everything went as it should. */
export interface Narrator {
  /** A numbered heading. */
  step(title: string): void;
  /** What is done, or was seen. */
  say(line: string): void;
  /** A claim of the story, with the proof of it: ✔ or ✘. */
  expect(held: boolean, claim: string): void;
  /** A bar on a terminal, a line for every tenth otherwise. */
  progress(total: number): Progress;
  /** The claims that did not hold, so far. */
  readonly failures: readonly string[];
}

export interface Progress {
  advance(by: number): void;
  end(): void;
}

/** Writes to `out`; escape sequences only where that is a terminal. */
export function createNarrator(out: NodeJS.WriteStream): Narrator {
  const failures: string[] = [];
  let steps = 0;
  const line = (text: string): void => void out.write(`${text}\n`);
  return {
    failures,
    step(title) {
      steps += 1;
      line(`\n${steps}. ${title}`);
    },
    say: (text) => line(text.replace(/^/gm, "   ")),
    expect(held, claim) {
      line(`   ${held ? "✔" : "✘"} ${claim}`);
      if (!held) failures.push(claim);
    },
    progress: (total) => (out.isTTY ? barProgress(out, total) : lineProgress(line, total)),
  };
}

/** `1234567` as `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString("en");
}

function barProgress(stream: NodeJS.WriteStream, total: number): Progress {
  const format = "   {bar} {value} of {total} documents, {eta_formatted} left";
  const bar = new SingleBar({ stream, format, barsize: 30, hideCursor: true, clearOnComplete: true });
  bar.start(total, 0);
  return { advance: (by) => bar.increment(by), end: () => bar.stop() };
}

function lineProgress(line: (text: string) => void, total: number): Progress {
  let done = 0;
  return {
    advance(by) {
      const tenthsBefore = Math.floor((done * 10) / total);
      done += by;
      if (Math.floor((done * 10) / total) > tenthsBefore)
        line(`   ${grouped(done)} of ${grouped(total)} documents`);
    },
    end() {},
  };
}
