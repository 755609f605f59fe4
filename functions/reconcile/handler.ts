import middy from "@middy/core";
import { failureLog, observed } from "../core/runtime/middleware.ts";
import { sweepServices } from "../core/runtime/reconcile-services.ts";
import { sweepIntents } from "./sweep-intents.ts";

/** Runs on a schedule: finds what writers left unfinished. */
export const handler = middy<unknown, void>()
  .use(observed())
  .use(failureLog())
  .handler(async () => {
    await sweepIntents(sweepServices());
  });
