import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Release } from "../../infra/local/servers/catalogue.ts";
import { elementsOf, fieldsOf, onlyMember } from "./value.ts";

/** One test of a suite: the file's set-up, its own steps, the file's teardown. */
export interface SuiteTest {
  /** `group/file: title` */
  readonly name: string;
  readonly setup: readonly unknown[];
  readonly steps: readonly unknown[];
  readonly teardown: readonly unknown[];
  /** Why it is not run, where it is not: its own words, or the name of a feature that this runner lacks. */
  readonly skip: string | undefined;
}

const understood = new Set([
  "allowed_warnings",
  "arbitrary_key",
  "contains",
  "default_shards",
  "embedded_stash_key",
  "headers",
  "no_xpack",
  "node_selector",
  "regex",
  "stash_in_key",
  "stash_in_path",
  "warnings",
]);

/** The names of the suite's groups: `bulk`, `cat.aliases`, … */
export async function groupsOf(suite: string): Promise<readonly string[]> {
  const entries = await readdir(join(suite, "test"), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** All tests of one group, in the order of the files. */
export async function testsOf(suite: string, group: string, release: Release): Promise<readonly SuiteTest[]> {
  const folder = join(suite, "test", group);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yml")).sort();
  const tests = await Promise.all(
    files.map(async (file) =>
      testsIn(await readFile(join(folder, file), "utf8"), `${group}/${file.slice(0, -4)}`, release),
    ),
  );
  return tests.flat();
}

function testsIn(text: string, file: string, release: Release): readonly SuiteTest[] {
  const sections = parseAllDocuments(text, { uniqueKeys: false }).flatMap((document) =>
    Object.entries(fieldsOf(document.toJS())),
  );
  const stepsOf = (title: string) =>
    elementsOf(sections.find(([name]) => name === title)?.[1]).filter((step) => kindOf(step) !== "skip");
  const skipOf = (steps: unknown) =>
    elementsOf(steps)
      .filter((step) => kindOf(step) === "skip")
      .map((step) => skipReason(fieldsOf(onlyMember(step)[1]), release))
      .find((reason) => reason !== undefined);
  const [setup, teardown] = [stepsOf("setup"), stepsOf("teardown")];
  const forAll = skipOf(sections.find(([name]) => name === "setup")?.[1]);
  return sections
    .filter(([title]) => title !== "setup" && title !== "teardown")
    .map(([title, steps]) => ({
      name: `${file}: ${title}`,
      setup,
      steps: elementsOf(steps).filter((step) => kindOf(step) !== "skip"),
      teardown,
      skip: forAll ?? skipOf(steps),
    }));
}

function kindOf(step: unknown): string {
  return onlyMember(step)[0];
}

function skipReason(skip: Readonly<Record<string, unknown>>, release: Release): string | undefined {
  const lacking = elementsOf(skip["features"]).find((feature) => !understood.has(String(feature)));
  if (lacking !== undefined) return `the runner lacks [${lacking}]`;
  const ranges = String(skip["version"] ?? "").split(",");
  const skipped = skip["version"] !== undefined && ranges.some((range) => isWithin(release, range));
  return skipped ? String(skip["reason"] ?? "not for this version") : undefined;
}

/** `7.0.0 - 7.4.99`, either side open, or `all`. */
function isWithin({ product, version }: Release, range: string): boolean {
  if (range.trim() === "all") return true;
  const [from = "", to = ""] = range.split(/\s*-\s*(?=\d|$)/).map((side) => side.trim());
  const asked = ordinal(product, version);
  return (from === "" || asked >= ordinal(product, from)) && (to === "" || asked <= ordinal(product, to));
}

/** OpenSearch 1 follows Elasticsearch 7: its tests have the numbers of both. */
function ordinal(product: Release["product"], version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const follows = product === "opensearch" && major < 5 ? 7 : 0;
  return ((major + follows) * 1000 + minor) * 1000 + patch;
}
