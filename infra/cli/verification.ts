import type { QueueDepth } from "../../functions/core/queue/port.ts";
import type { DifferenceKind } from "./judge-document.ts";
import type { Terminal } from "./terminal.ts";
import type { IndexResult } from "./verify-clusters.ts";

/** One index of a verification's result. */
export interface IndexVerification {
  readonly index: string;
  /** On PRIMARY. */
  readonly documents: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** `missing` and `extra` here: the index itself is on one side only. */
  readonly state: "compared" | "only-on-primary" | "only-on-backup";
  /** The first differences: id, routing, kind, reason. */
  readonly examples: readonly {
    readonly id: string;
    readonly routing?: string;
    readonly kind: DifferenceKind;
    readonly reason: string;
  }[];
}

/** `understudy verify --json`. */
export interface Verification {
  readonly documents: number;
  /** Documents that differ, and indices that are on one side only. */
  readonly differences: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly indices: readonly IndexVerification[];
  /** Documents that changed between any two looks; they are no differences. */
  readonly moving: number;
  readonly notCompared: readonly { readonly index: string; readonly reason: string }[];
  /** What was still to be applied at the end; `undefined` when the queue was out of reach. */
  readonly queue: QueueDepth | undefined;
}

const examplesMax = 10;

/** Adds up what the looks found. */
export function verificationOf(results: readonly IndexResult[], queue: QueueDepth | undefined): Verification {
  const indices: IndexVerification[] = [];
  let moving = 0;
  for (const result of results) {
    if (result.kind === "unknown") continue;
    const index = indexVerification(result);
    indices.push(index);
    if (result.kind === "compared" && !result.look.cut)
      moving += result.look.suspects.length - result.lasting.size;
  }
  const sum = (count: (index: IndexVerification) => number) =>
    indices.reduce((total, index) => total + count(index), 0);
  const [missing, extra, different] = [
    sum((index) => index.missing),
    sum((index) => index.extra),
    sum((index) => index.different),
  ];
  const oneSided = indices.filter(({ state }) => state !== "compared").length;
  return {
    documents: sum(({ documents }) => documents),
    differences: missing + extra + different + oneSided,
    missing,
    extra,
    different,
    indices,
    moving,
    notCompared: results.flatMap((result) =>
      result.kind === "unknown" ? [{ index: result.index, reason: result.reason }] : [],
    ),
    queue,
  };
}

function indexVerification(result: Exclude<IndexResult, { kind: "unknown" }>): IndexVerification {
  const { index } = result;
  if (result.kind !== "compared") {
    const onPrimary = result.kind === "only-on-primary";
    return {
      index,
      documents: onPrimary ? result.documents : 0,
      missing: onPrimary ? result.documents : 0,
      extra: onPrimary ? 0 : result.documents,
      different: 0,
      state: result.kind,
      examples: [],
    };
  }
  const { look, lasting } = result;
  const counted = [...lasting];
  const count = (wanted: DifferenceKind) =>
    look.cut ? look.counts[wanted] : counted.filter(({ kind }) => kind === wanted).length;
  const examples = counted.slice(0, examplesMax).map(({ key: { id, routing }, kind, reason }) => ({
    id,
    ...(routing !== undefined && { routing }),
    kind,
    reason,
  }));
  const { documents } = look;
  return {
    index,
    documents,
    missing: count("missing"),
    extra: count("extra"),
    different: count("different"),
    state: "compared",
    examples,
  };
}

/** For a person. */
export function verificationText(found: Verification, { command }: Pick<Terminal, "command">): string {
  const lines: string[] = [];
  const width = Math.max(5, ...found.indices.map(({ index }) => index.length));
  const unequal = found.indices.filter(
    ({ missing, extra, different, state }) => missing + extra + different > 0 || state !== "compared",
  );
  if (unequal.length > 0) {
    const column = (text: string | number) => String(text).padStart(11);
    const head = ["documents", "missing", "extra", "different"].map(column).join("");
    lines.push(`${"index".padEnd(width)}${head}`);
    for (const { index, documents, missing, extra, different, state, examples } of unequal) {
      const where = state === "compared" ? "" : `  (the index is ${state.replaceAll("-", " ")})`;
      lines.push(
        `${index.padEnd(width)}${[documents, missing, extra, different].map(column).join("")}${where}`,
      );
      for (const { id, kind, reason } of examples) lines.push(`  ${kind.padEnd(9)}  ${id}: ${reason}`);
    }
    lines.push("");
  }
  for (const { index, reason } of found.notCompared)
    lines.push(`[${index}] could not be compared: ${reason}`);
  if (found.moving > 0) lines.push(`${found.moving} documents changed at every look; they are not counted.`);
  lines.push(summary(found, command("verify --repair")));
  const waiting = found.queue ? found.queue.visible + found.queue.inFlight + found.queue.delayed : 0;
  if (waiting > 0)
    lines.push(
      `${waiting} records still wait in the queue: what differs may be on its way. Look again later.`,
    );
  return lines.join("\n");
}

function summary(
  { documents, differences, missing, extra, different, notCompared, indices }: Verification,
  repair: string,
): string {
  const scope = `${documents} documents in ${indices.length} indices`;
  if (differences > 0) {
    return `BACKUP differs: ${missing} missing, ${extra} extra, ${different} different (${scope}). To mend it: ${repair}`;
  }
  return notCompared.length > 0 ? `No differences in what could be compared (${scope}).` : `Equal: ${scope}.`;
}
