import type { Shield } from "../../functions/core/definition/shield.ts";

/** Where no template is: the shield is as good as up. */
export const noShield: Shield = { raise: () => Promise.resolve(undefined) };
