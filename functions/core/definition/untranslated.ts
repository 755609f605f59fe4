import type { Telemetry } from "../runtime/telemetry.ts";
import type { Untranslated } from "./translate-settings.ts";

/** One of them, with its index. */
export interface UntranslatedOf extends Untranslated {
  readonly index: string;
}

/** What BACKUP's definitions cannot have as PRIMARY has it, of the indices that this process has met. */
export interface UntranslatedList {
  /** What was found of an index just now, in place of what was known of it. */
  replace(index: string, found: readonly Untranslated[]): void;
  /** One more of an index. */
  add(index: string, found: Untranslated): void;
  all(): readonly UntranslatedOf[];
}

/** Logs each when it is first met, and counts it. */
export function createUntranslatedList(telemetry: Pick<Telemetry, "warn" | "count">): UntranslatedList {
  const byIndex = new Map<string, ReadonlyMap<string, Untranslated>>();
  function tellNew(index: string, found: readonly Untranslated[]): void {
    const known = byIndex.get(index);
    for (const each of found) {
      if (known?.get(each.path)?.reason === each.reason) continue;
      telemetry.count("untranslated");
      telemetry.warn("a part of a definition does not go over to BACKUP as it is", { index, ...each });
    }
  }
  const keyed = (found: readonly Untranslated[]) => new Map(found.map((each) => [each.path, each]));
  return {
    replace(index, found) {
      tellNew(index, found);
      if (found.length === 0) byIndex.delete(index);
      else byIndex.set(index, keyed(found));
    },
    add(index, found) {
      tellNew(index, [found]);
      byIndex.set(index, new Map([...(byIndex.get(index) ?? []), ...keyed([found])]));
    },
    all: () =>
      [...byIndex].flatMap(([index, found]) => [...found.values()].map((each) => ({ index, ...each }))),
  };
}
