import { simulate } from "../simulation.ts";

/**
 * Runs seeds until one fails, in a copy of the code; prints the seed and what it saw. The arguments are the
 * number of seeds and those that fail without any bug.
 */
const [count = "100", known = ""] = process.argv.slice(2);
const excluded = new Set(known.split(",").filter(Boolean).map(Number));
process.on("uncaughtException", (error) => {
  console.log(`crash: ${error.message}`);
  process.exit(1);
});

for (let seed = 1; seed <= Number(count); seed++) {
  if (excluded.has(seed)) continue;
  const { violations } = await simulate({ seed });
  const [first] = violations;
  if (first === undefined) {
    console.log(`seed ${seed} holds`);
    continue;
  }
  console.log(`seed ${seed}: ${first.split("\n")[0]}`);
  process.exit(1);
}
