/** `npm run demo`: what understudy does, on two real clusters and real data, in about a minute. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { perform } from "./stage.ts";

const gateway = fileURLToPath(new URL("../../../dist/local.mjs", import.meta.url));

if (existsSync(gateway)) {
  process.exit(await perform([process.execPath, gateway]));
} else {
  console.error("The gateway is not built yet (dist/local.mjs). Run `npm run build` first.");
  process.exit(1);
}
