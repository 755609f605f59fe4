import type { UntranslatedList } from "../../functions/core/definition/untranslated.ts";

/** For tests that do not look at what a definition loses on its way to BACKUP. */
export const noUntranslated: UntranslatedList = { replace() {}, add() {}, all: () => [] };
