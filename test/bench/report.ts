import type { Measurement } from "./measurement.ts";

/** The rows as a Markdown table. */
export function table(rows: readonly Measurement[]): string {
  const lines = rows.map(({ what, value, unit, goal, note }) => {
    const reached = goal === undefined ? "" : `≤ ${goal} ${unit}${value <= goal ? "" : " **missed**"}`;
    return `| ${what} | ${rounded(value)} ${unit} | ${reached} | ${note} |`;
  });
  return ["| What | Median | Goal | |", "| --- | --- | --- | --- |", ...lines, ""].join("\n");
}

function rounded(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
