/** Where the gateway answers otherwise than PRIMARY, and is to; each is in the README. */
const deliberate: readonly RegExp[] = [
  // An item without an id has the gateway's, also where PRIMARY refuses it.
  /\.items\.\d+\.(index|create)\._id is object, through the gateway string$/,
  // A bulk that the gateway cannot read is refused by it; PRIMARY is not asked, and does not warn.
  /empty action POST \/_bulk: header warning/,
];

/** The lines that nobody decided. */
export function withoutDeliberate(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !deliberate.some((pattern) => pattern.test(line)));
}
