// After `npm ci` in a checkout: npm links the commands of dependencies, not the package's own, so that
// `npx understudy` would find nothing. Where understudy is a dependency itself, npm has linked it.
import { rmSync, symlinkSync } from "node:fs";

const link = "node_modules/.bin/understudy";
try {
  rmSync(link, { force: true });
  symlinkSync("../../infra/cli/understudy.mjs", link);
} catch (error) {
  console.warn(`npx understudy is not available: ${error.message}. Use: node infra/cli/understudy.mjs`);
}
