/**
 * Seeds that show a defect which is known and not mended yet: CI's range leaves them out, and
 * model-regressions.test.ts runs them as "todo". An entry goes when its defect does.
 */
export const openDefects: ReadonlyMap<number, string> = new Map();
