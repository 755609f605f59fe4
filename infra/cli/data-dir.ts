import { resolve } from "node:path";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { type Options, textOption } from "./arguments.ts";

/** The local gateway's data directory: `--data-dir`, else `DATA_DIR`, else `.data`. */
export function dataDirOf(options: Options, environment: Environment): string {
  return resolve(textOption(options, "data-dir") || environment["DATA_DIR"] || ".data");
}
